import { Button, InputAdornment, MenuItem, Stack, TextField, Typography } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import type { PastPrediction } from "../../api-client/schema";
import { Failure } from "../../components/Failure";
import { useNotify } from "../../components/Notices";
import { decimalSign, numberOf, textOf } from "../../lib/decimal";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { recordOutcome } from "./api";
import { outcomeOf } from "./HistoryTable";
import { useWords } from "./words";

/** What turned out to be true: versions are compared by it. Recorded again, it replaces the former. */
export function OutcomeForm({ past, onChange }: { past: PastPrediction; onChange: (past: PastPrediction) => void }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const may = useMay();
  const notify = useNotify();
  const client = useQueryClient();
  const [text, setText] = useKept("outcome", typeof past.outcome === "number" ? textOf(past.outcome, decimalSign()) : (past.outcome ?? ""));
  const classes = past.probabilities.map(({ label }) => label);
  const keeping = useMutation({
    mutationFn: recordOutcome,
    onSuccess: async (changed) => {
      onChange(changed);
      notify({ severity: "success", text: t("outcome.done") });
      await client.invalidateQueries({ queryKey: ["predictions"] });
    },
  });
  const known = outcomeOf(past, words);
  const outcome = classes.length > 0 ? text || null : numberOf(text, decimalSign());
  const wrong = outcome === null && text.trim() !== "";
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (outcome !== null) keeping.mutate({ id: past.id, outcome });
  }
  return (
    <Stack component="form" spacing={1.5} onSubmit={submit}>
      <Typography variant="h3">{t("outcome.title")}</Typography>
      {known !== null && past.outcome_at && <Typography>{t("outcome.known", { known, when: format().moment(past.outcome_at) })}</Typography>}
      {may("recordOutcome") && (
        <>
          <Stack direction="row" sx={{ gap: 1.5, flexWrap: "wrap", alignItems: "flex-start" }}>
            <TextField
              required
              label={t("outcome.label")}
              error={wrong}
              helperText={wrong ? t("common:notANumber", { example: format().number(27.5) }) : t("outcome.hint")}
              value={text}
              select={classes.length > 0}
              sx={{ maxWidth: 340 }}
              onChange={(event) => setText(event.target.value)}
              slotProps={{
                htmlInput: { inputMode: "decimal", autoComplete: "off" },
                input: past.unit ? { endAdornment: <InputAdornment position="end">{words.unit(past.unit)}</InputAdornment> } : {},
              }}
            >
              {classes.map((label) => (
                <MenuItem key={label} value={label}>
                  {words.category(label)}
                </MenuItem>
              ))}
            </TextField>
            <Button type="submit" variant="outlined" disabled={outcome === null} loading={keeping.isPending}>
              {t(known === null ? "outcome.keep" : "outcome.replace")}
            </Button>
          </Stack>
          {keeping.error && <Failure error={keeping.error} />}
        </>
      )}
    </Stack>
  );
}
