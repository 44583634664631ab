import { Box, Button, Dialog, DialogActions, DialogContent, Typography } from "@mui/material";
import { useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../../components/Icon";
import { useMe } from "../../lib/session";
import { stepAfter, stepsOf } from "./tour";

/** A few words on what there is for whoever is here for the first time; the arrows lead on, Escape ends it. */
export default function Tour({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("tour");
  const steps = stepsOf(useMe().role);
  const [now, setNow] = useState(0);
  const step = steps[now];
  const last = now === steps.length - 1;
  if (!step) return null;

  function press(event: KeyboardEvent): void {
    setNow(stepAfter(event.key, now, steps.length));
  }

  return (
    <Dialog open onClose={onClose} onKeyDown={press} fullWidth maxWidth="xs" aria-labelledby="tour" aria-describedby="tour-text">
      <Box sx={PICTURE}>
        <Icon name={step.icon} size={72} />
      </Box>
      <DialogContent aria-live="polite" sx={{ minHeight: 220, pb: 1 }}>
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {t("step", { number: now + 1, count: steps.length })}
        </Typography>
        <Typography variant="h2" id="tour" sx={{ mb: 1 }}>
          {t(`steps.${step.key}.title`)}
        </Typography>
        <Typography id="tour-text">{t(`steps.${step.key}.text`)}</Typography>
        {last && <Typography sx={{ mt: 1.5, color: "text.secondary" }}>{t("again")}</Typography>}
      </DialogContent>
      <DialogActions sx={{ px: 2, pb: 2, justifyContent: "space-between" }}>
        {last ? <span /> : <Button onClick={onClose}>{t("skip")}</Button>}
        <Box sx={{ display: "flex", gap: 1 }}>
          {now > 0 && <Button onClick={() => setNow(now - 1)}>{t("back")}</Button>}
          <Button variant="contained" autoFocus onClick={last ? onClose : () => setNow(now + 1)}>
            {t(last ? "done" : "next")}
          </Button>
        </Box>
      </DialogActions>
    </Dialog>
  );
}

const PICTURE = {
  display: "grid",
  placeItems: "center",
  height: 136,
  flexShrink: 0,
  color: "primary.main",
  bgcolor: "rgba(var(--mui-palette-primary-mainChannel) / 0.1)",
  borderBottom: 1,
  borderColor: "divider",
} as const;
