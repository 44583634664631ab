import { Box, Tooltip } from "@mui/material";
import type { ReactNode } from "react";

/** A term with a word on what it means, for the mouse, the finger and the keyboard. */
export function Hint({ children, text }: { children: ReactNode; text: string }) {
  return (
    <Tooltip title={text} describeChild>
      <Box
        component="span"
        tabIndex={0}
        sx={{ textDecoration: "underline dotted", textUnderlineOffset: 3, cursor: "help" }}
      >
        {children}
      </Box>
    </Tooltip>
  );
}
