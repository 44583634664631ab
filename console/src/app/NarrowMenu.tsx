import { Drawer } from "@mui/material";
import type { ReactNode } from "react";

import { BAR_HEIGHT, MENU_WIDTH } from "./places";

interface Props {
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** The menu where there is no room for it beside the page: it slides over it. */
export default function NarrowMenu({ open, onClose, children }: Props) {
  return (
    <Drawer open={open} onClose={onClose} sx={{ "& .MuiDrawer-paper": { width: MENU_WIDTH, pt: `${BAR_HEIGHT}px` } }}>
      {children}
    </Drawer>
  );
}
