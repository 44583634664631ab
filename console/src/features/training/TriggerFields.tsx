import { MenuItem, Stack, TextField } from "@mui/material";
import { useTranslation } from "react-i18next";

import { RHYTHMS, type Rhythm, type TriggerDraft } from "./trigger";

/** When to start runs, and how many at most. */
export function TriggerFields({ draft, change }: { draft: TriggerDraft; change: (draft: TriggerDraft) => void }) {
  const { t } = useTranslation("training");
  const put = (part: Partial<TriggerDraft>) => change({ ...draft, ...part });
  return (
    <Stack spacing={2}>
      <TextField
        select
        label={t("trigger.rhythm")}
        value={draft.rhythm}
        onChange={(event) => put({ rhythm: event.target.value as Rhythm })}
      >
        {RHYTHMS.map((rhythm) => (
          <MenuItem key={rhythm} value={rhythm}>
            {t(`trigger.${rhythm}`)}
          </MenuItem>
        ))}
      </TextField>
      {draft.rhythm === "cron" && (
        <TextField
          required
          label={t("trigger.expression")}
          helperText={t("trigger.expressionHint")}
          value={draft.cron}
          onChange={(event) => put({ cron: event.target.value })}
        />
      )}
      {draft.rhythm === "records" && (
        <TextField
          required
          type="number"
          label={t("trigger.count")}
          helperText={t("trigger.countHint")}
          value={draft.records}
          onChange={(event) => put({ records: event.target.value })}
          slotProps={{ htmlInput: { min: 1 } }}
        />
      )}
      <TextField
        type="number"
        label={t("trigger.runs")}
        helperText={t("trigger.runsHint")}
        value={draft.runs}
        onChange={(event) => put({ runs: event.target.value })}
        slotProps={{ htmlInput: { min: 0 } }}
      />
    </Stack>
  );
}
