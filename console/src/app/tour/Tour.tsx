import { Box, Button, Typography } from "@mui/material";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../../components/Icon";
import { useMe } from "../../lib/session";
import { stepAfter, stepsOf } from "./tour";

/** A few words on what there is for whoever is here for the first time; the arrows lead on, Escape ends it. */
export default function Tour({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("tour");
  const steps = stepsOf(useMe().role);
  const [now, setNow] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const onward = useRef<HTMLButtonElement>(null);
  const step = steps[now];
  const last = now === steps.length - 1;

  // The browser's own dialog holds the focus and gives it back: Material's would come with everybody's first page.
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    onward.current?.focus();
    return () => shown?.close();
  }, []);

  if (!step) return null;

  function press(event: KeyboardEvent): void {
    setNow(stepAfter(event.key, now, steps.length));
  }

  return (
    <Box component="dialog" ref={dialog} onCancel={onClose} onKeyDown={press} aria-labelledby="tour" aria-describedby="tour-text" sx={DIALOG}>
      <Box sx={PICTURE}>
        <Icon name={step.icon} size={72} />
      </Box>
      <Box aria-live="polite" sx={{ minHeight: 220, px: 3, pt: 2.5 }}>
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {t("step", { number: now + 1, count: steps.length })}
        </Typography>
        <Typography variant="h2" id="tour" sx={{ mb: 1 }}>
          {t(`steps.${step.key}.title`)}
        </Typography>
        <Typography id="tour-text">{t(`steps.${step.key}.text`)}</Typography>
        {last && <Typography sx={{ mt: 1.5, color: "text.secondary" }}>{t("again")}</Typography>}
      </Box>
      <Box sx={{ display: "flex", justifyContent: "space-between", p: 2 }}>
        {last ? <span /> : <Button onClick={onClose}>{t("skip")}</Button>}
        <Box sx={{ display: "flex", gap: 1 }}>
          {now > 0 && <Button onClick={() => setNow(now - 1)}>{t("back")}</Button>}
          <Button variant="contained" ref={onward} onClick={last ? onClose : () => setNow(now + 1)}>
            {t(last ? "done" : "next")}
          </Button>
        </Box>
      </Box>
    </Box>
  );
}

const DIALOG = {
  width: "min(444px, calc(100vw - 64px))",
  p: 0,
  border: 1,
  borderColor: "divider",
  borderRadius: 1,
  bgcolor: "background.paper",
  color: "text.primary",
  boxShadow: 24,
  "&::backdrop": { bgcolor: "rgba(0 0 0 / 0.5)" },
} as const;

const PICTURE = {
  display: "grid",
  placeItems: "center",
  height: 136,
  color: "primary.main",
  bgcolor: "rgba(var(--mui-palette-primary-mainChannel) / 0.1)",
  borderBottom: 1,
  borderColor: "divider",
} as const;
