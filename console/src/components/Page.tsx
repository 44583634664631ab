import { Box, Stack, Typography } from "@mui/material";
import { Suspense, useEffect, useRef, type ReactNode } from "react";

import { useArrival } from "../lib/arrival";

interface Props {
  title: string;
  /** The tab's title where the heading is a patient's name: browsers keep titles. */
  tab?: string;
  /** One sentence on what the page is for. */
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: its name as the heading and the tab's title, what can be done, and the rest. */
export function Page({ title, tab = title, lead, actions, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useArrival(heading);
  useEffect(() => {
    document.title = `${tab} · FedCare`;
  }, [tab]);
  return (
    <Stack spacing={3}>
      <Stack
        direction="row"
        sx={{ alignItems: "flex-start", justifyContent: "space-between", flexWrap: "wrap", gap: 2 }}
      >
        <Box sx={{ flex: "1 1 320px", minWidth: 0 }}>
          <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ outline: "none" }}>
            {title}
          </Typography>
          {lead && (
            <Typography sx={{ color: "text.secondary", mt: 0.5, maxWidth: "75ch", textWrap: "pretty" }}>{lead}</Typography>
          )}
        </Box>
        {actions && (
          <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap" }}>
            {actions}
          </Stack>
        )}
      </Stack>
      {/* What a part waits for, such as its words, leaves the heading and the focus on it where they are. */}
      <Suspense>{children}</Suspense>
    </Stack>
  );
}
