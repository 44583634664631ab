import { Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, TextField } from "@mui/material";
import { useTranslation } from "react-i18next";

/** The address that lets somebody choose a password: shown once, handed over by whoever invited them. */
export function Invitation({ token, onClose }: { token: string | null; onClose: () => void }) {
  const { t } = useTranslation("people");
  const common = useTranslation();
  // Browsers have it over TLS and on this machine only.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  const address = token === null ? "" : `${globalThis.location.origin}/welcome#${token}`;
  return (
    <Dialog open={token !== null} onClose={onClose} fullWidth aria-labelledby="invitation">
      <DialogTitle id="invitation">{t("invitation.title")}</DialogTitle>
      <DialogContent>
        <DialogContentText sx={{ mb: 2 }}>{t("invitation.text")}</DialogContentText>
        <TextField
          label={t("invitation.address")}
          value={address}
          slotProps={{ input: { readOnly: true } }}
          onFocus={(event) => event.target.select()}
        />
      </DialogContent>
      <DialogActions>
        {clipboard && <Button onClick={() => void clipboard.writeText(address)}>{t("invitation.copy")}</Button>}
        <Button variant="contained" onClick={onClose}>
          {common.t("close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
