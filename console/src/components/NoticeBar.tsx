import { Alert, Button, Snackbar } from "@mui/material";

import type { Notice } from "./Notices";

interface Props {
  notice: Notice;
  open: boolean;
  onUndo: () => void;
  onClose: () => void;
}

/** A notice in the corner, with a way back where there is one. */
export default function NoticeBar({ notice, open, onUndo, onClose }: Props) {
  return (
    <Snackbar
      open={open}
      autoHideDuration={(notice.seconds ?? 6) * 1000}
      onClose={(_, reason) => {
        if (reason !== "clickaway") onClose();
      }}
    >
      <Alert
        severity={notice.severity}
        variant="filled"
        // In the dark the filled ground would be too light for the white text that comes with it.
        sx={{ bgcolor: `${notice.severity}.main`, color: `${notice.severity}.contrastText` }}
        onClose={onClose}
        action={
          notice.undo && (
            <Button color="inherit" size="small" onClick={onUndo}>
              {notice.undo.label}
            </Button>
          )
        }
      >
        {notice.text}
      </Alert>
    </Snackbar>
  );
}
