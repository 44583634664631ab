import { Box } from "@mui/material";
import { createContext, Suspense, useCallback, useContext, useRef, useState, type ReactNode } from "react";

import { lazyPart } from "./lazyPart";

const NoticeBar = lazyPart(() => import("./NoticeBar"));

export interface Notice {
  text: string;
  severity: "success" | "info" | "warning" | "error";
  /** A way back, offered while the notice is there. */
  undo?: { label: string; act: () => void };
  seconds?: number;
  /** Called once when the notice is gone and was not taken back: its time is over, it was closed, another came. */
  over?: () => void;
}

/** Shows a notice; what is returned ends it early. */
type Notify = (notice: Notice) => () => void;

const Context = createContext<Notify>(() => () => undefined);

/** Says in a corner what has just happened. */
export function useNotify(): Notify {
  return useContext(Context);
}

export function Notices({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<{ notice: Notice; number: number } | null>(null);
  const [open, setOpen] = useState(false);
  const current = useRef<Notice | null>(null);
  const close = useCallback(() => {
    const notice = current.current;
    current.current = null;
    setOpen(false);
    notice?.over?.();
  }, []);
  const notify = useCallback(
    (notice: Notice) => {
      close();
      current.current = notice;
      setShown((before) => ({ notice, number: (before?.number ?? 0) + 1 }));
      setOpen(true);
      return () => {
        if (current.current === notice) close();
      };
    },
    [close],
  );
  function undo(): void {
    current.current?.undo?.act();
    current.current = null;
    setOpen(false);
  }
  return (
    <Context.Provider value={notify}>
      {children}
      {shown && (
        <Suspense>
          <Box sx={CORNER}>
            <NoticeBar key={shown.number} notice={shown.notice} open={open} onUndo={undo} onClose={close} />
          </Box>
        </Suspense>
      )}
    </Context.Provider>
  );
}

// Where the bar itself stands, for what is said in its place.
const CORNER = { position: "fixed", left: { xs: 8, sm: 24 }, bottom: { xs: 8, sm: 24 }, zIndex: "snackbar" } as const;
