import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack, Typography } from "@mui/material";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import type { PastPrediction } from "../../api-client/schema";
import { LinkButton } from "../../components/LinkButton";
import { format } from "../../lib/i18n";
import { Answer } from "./Answer";
import { Drivers } from "./Drivers";
import { OutcomeForm } from "./OutcomeForm";
import { useAmount } from "./useAmount";
import { useWords } from "./words";

interface Props {
  past: PastPrediction;
  onChange: (past: PastPrediction) => void;
  onClose: () => void;
}

/** One prediction of the history: what it was made from, what was said, and what turned out to be true. */
export function PastDialog({ past, onChange, onClose }: Props) {
  const { t } = useTranslation("predictions");
  const id = useId();
  const shown = useAmount(past);
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="md">
      <DialogTitle id={id}>{t("past.title", { when: format().moment(past.created_at) })}</DialogTitle>
      <DialogContent>
        <Stack spacing={3}>
          <Answer said={past} />
          <OutcomeForm past={past} onChange={onChange} />
          {past.explanation && <Drivers explanation={past.explanation} shown={shown} />}
          {past.features && <MadeFrom features={past.features} />}
          <Typography variant="body2" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
            {t("past.version", { version: past.model_version })}
          </Typography>
        </Stack>
      </DialogContent>
      <DialogActions>
        {past.patient_id && (
          <LinkButton to="/predict" search={{ task: past.task, patient: past.patient_id }}>
            {t("past.again")}
          </LinkButton>
        )}
        <Button onClick={onClose}>{t("common:close")}</Button>
      </DialogActions>
    </Dialog>
  );
}

function MadeFrom({ features }: { features: Record<string, unknown> }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  return (
    <div>
      <Typography variant="h3" component="h3">
        {t("past.from")}
      </Typography>
      <Box component="dl" sx={{ display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))", gap: 1.5, m: 0, mt: 1 }}>
        {Object.entries(features).map(([name, value]) => (
          <div key={name}>
            <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
              {words.feature(name)}
            </Typography>
            <Box component="dd" sx={{ m: 0 }}>
              {valueShown(value, (category) => words.category(category))}
            </Box>
          </div>
        ))}
      </Box>
    </div>
  );
}

function valueShown(value: unknown, category: (name: string) => string): string {
  if (typeof value === "number") return format().number(value, 6);
  return typeof value === "string" ? category(value) : "–";
}
