import { Alert, Button, Snackbar } from "@mui/material";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";

interface Notice {
  text: string;
  severity: "success" | "info" | "warning" | "error";
  /** A way back, offered while the notice is there. */
  undo?: { label: string; act: () => void };
  seconds?: number;
}

const Context = createContext<(notice: Notice) => void>(() => undefined);

/** Says in a corner what has just happened. */
export function useNotify(): (notice: Notice) => void {
  return useContext(Context);
}

export function Notices({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<{ notice: Notice; number: number } | null>(null);
  const [open, setOpen] = useState(false);
  const notify = useCallback((notice: Notice) => {
    setShown((before) => ({ notice, number: (before?.number ?? 0) + 1 }));
    setOpen(true);
  }, []);
  const close = () => setOpen(false);
  const value = useMemo(() => notify, [notify]);
  return (
    <Context.Provider value={value}>
      {children}
      <Snackbar
        key={shown?.number}
        open={open}
        autoHideDuration={(shown?.notice.seconds ?? 6) * 1000}
        onClose={(_, reason) => {
          if (reason !== "clickaway") close();
        }}
      >
        <Alert
          severity={shown?.notice.severity}
          variant="filled"
          onClose={close}
          action={
            shown?.notice.undo && (
              <Button
                color="inherit"
                size="small"
                onClick={() => {
                  shown.notice.undo?.act();
                  close();
                }}
              >
                {shown.notice.undo.label}
              </Button>
            )
          }
        >
          {shown?.notice.text}
        </Alert>
      </Snackbar>
    </Context.Provider>
  );
}
