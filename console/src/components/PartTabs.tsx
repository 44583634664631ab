import { Box, Tab, Tabs } from "@mui/material";
import { createLink } from "@tanstack/react-router";
import { Suspense, type KeyboardEvent, type ReactNode } from "react";

const LinkTab = createLink(Tab);

interface Props<P extends string> {
  label: string;
  /** The page whose parts these are. */
  to: string;
  parts: readonly { part: P; name: string }[];
  shown: P;
  children: ReactNode;
}

/** A page's parts, each with an address of its own. */
export function PartTabs<P extends string>({ label, to, parts, shown, children }: Props<P>) {
  return (
    <Box>
      <Tabs
        value={shown}
        aria-label={label}
        variant="scrollable"
        scrollButtons={false}
        sx={{ borderBottom: 1, borderColor: "divider", mb: 2 }}
      >
        {parts.map(({ part, name }) => (
          <LinkTab
            key={part}
            value={part}
            label={name}
            id={`tab-${part}`}
            aria-controls="part"
            to={to as "."}
            search={{ part } as never}
            onKeyDown={pressBySpace}
          />
        ))}
      </Tabs>
      <Box role="tabpanel" id="part" aria-labelledby={`tab-${shown}`}>
        {/* What the part waits for hides neither the tabs nor the focus on them. */}
        <Suspense>{children}</Suspense>
      </Box>
    </Box>
  );
}

/** A tab answers to the space bar; by itself a link does not. */
function pressBySpace(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== " ") return;
  event.preventDefault();
  event.currentTarget.click();
}
