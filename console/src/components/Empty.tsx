import { Stack, Typography } from "@mui/material";
import type { ReactNode } from "react";

/** Nothing is here yet: what would be, and what to do next. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack sx={{ alignItems: "center", textAlign: "center", py: 6, px: 2, gap: 1.5 }}>
      <Typography variant="h3" component="p">
        {title}
      </Typography>
      {children && <Typography sx={{ color: "text.secondary", maxWidth: "55ch" }}>{children}</Typography>}
      {action}
    </Stack>
  );
}
