import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack } from "@mui/material";
import { useId, type ReactNode, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "./Failure";

interface Props {
  title: string;
  /** What the button that sends says; "Save" where nothing else does. */
  action?: string;
  width?: "xs" | "sm";
  /** Why the server refused what was sent: it stands above the fields, which keep what was typed. */
  error: Error | null;
  busy: boolean;
  disabled?: boolean;
  destructive?: boolean;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form over the page. */
export function FormDialog({ title, action, width = "xs", error, busy, disabled, destructive, onSubmit, onClose, children }: Props) {
  const { t } = useTranslation();
  const id = useId();

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    onSubmit();
  }

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth={width} aria-labelledby={id}>
      <Box component="form" onSubmit={submit} sx={INSIDE}>
        <DialogTitle id={id}>{title}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            {error && <Failure error={error} />}
            {children}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" variant="contained" color={destructive ? "error" : "primary"} disabled={disabled} loading={busy}>
            {action ?? t("save")}
          </Button>
        </DialogActions>
      </Box>
    </Dialog>
  );
}

// The fields scroll between the title and the buttons, which stay in sight.
const INSIDE = { display: "flex", flexDirection: "column", minHeight: 0 } as const;
