import { Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, Slider } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { ModelDetails } from "../../api-client/schema";
import { Failure } from "../../components/Failure";
import { useNotify } from "../../components/Notices";
import { format } from "../../lib/i18n";
import { share } from "./api";

/** Lets a version answer for a share of the patients, to be judged by what really becomes of them. */
export function ShareDialog({ version, onClose }: { version: ModelDetails; onClose: () => void }) {
  const { t } = useTranslation("models");
  const common = useTranslation();
  const { percent } = format();
  const notify = useNotify();
  const [fraction, setFraction] = useState(0.1);
  const sharing = useMutation({
    mutationFn: share,
    onSuccess: () => {
      onClose();
      notify({ text: t("share.on", { challenger: version.version, share: percent(fraction) }), severity: "success" });
    },
  });
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="share">
      <DialogTitle id="share">{t("share.title")}</DialogTitle>
      <DialogContent>
        {sharing.error && <Failure error={sharing.error} />}
        <DialogContentText sx={{ mb: 4 }}>{t("share.text", { share: percent(fraction) })}</DialogContentText>
        <Slider
          aria-label={t("share.fraction")}
          min={0.01}
          max={0.5}
          step={0.01}
          value={fraction}
          valueLabelDisplay="auto"
          valueLabelFormat={(value) => percent(value)}
          onChange={(_, value) => setFraction(value)}
        />
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{common.t("cancel")}</Button>
        <Button
          variant="contained"
          loading={sharing.isPending}
          onClick={() => sharing.mutate({ task: version.task, challenger_id: version.id, fraction })}
        >
          {t("share.action")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
