import { Slider, Typography } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { ModelDetails } from "../../api-client/schema";
import { FormDialog } from "../../components/FormDialog";
import { useNotify } from "../../components/Notices";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { share } from "./api";

/** Lets a version answer for a share of the patients, to be judged by what really becomes of them. */
export function ShareDialog({ version, onClose }: { version: ModelDetails; onClose: () => void }) {
  const { t } = useTranslation("models");
  const { percent } = format();
  const notify = useNotify();
  const [fraction, setFraction] = useKept("model share", 0.1);
  const sharing = useMutation({
    mutationFn: share,
    onSuccess: () => {
      onClose();
      notify({ text: t("share.on", { challenger: version.version, share: percent(fraction) }), severity: "success" });
    },
  });
  return (
    <FormDialog
      title={t("share.title")}
      action={t("share.action")}
      error={sharing.error}
      busy={sharing.isPending}
      onSubmit={() => sharing.mutate({ task: version.task, challenger_id: version.id, fraction })}
      onClose={onClose}
    >
      <Typography sx={{ color: "text.secondary" }}>{t("share.text", { share: percent(fraction) })}</Typography>
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
    </FormDialog>
  );
}
