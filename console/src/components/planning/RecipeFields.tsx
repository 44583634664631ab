import { FormControlLabel, MenuItem, Stack, Switch, TextField, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { KnownTasks } from "../../api-client/schema";
import { DecimalField } from "../DecimalField";
import { useSaid } from "../useSaid";
import { wrongLines, type Draft } from "./recipe";

interface Props {
  known: KnownTasks;
  draft: Draft;
  change: (draft: Draft) => void;
}

/** What is to be learned: a task, its rounds, how updates are joined, and what protects patients and hospitals. */
export function RecipeFields({ known, draft, change }: Props) {
  const { t } = useTranslation("recipe");
  const say = useSaid();
  const put = (part: Partial<Draft>) => change({ ...draft, ...part });
  const wrong = wrongLines(draft.more);
  function choose(name: string): void {
    const task = known.items.find((each) => each.name === name);
    if (task) put({ task: task.name, rounds: String(task.rounds), strategy: task.strategy });
  }
  return (
    <Stack spacing={2}>
      <TextField select required label={t("task")} value={draft.task} onChange={(event) => choose(event.target.value)}>
        {known.items.map((task) => (
          <MenuItem key={task.name} value={task.name}>
            {task.name} · {say(task.title)}
          </MenuItem>
        ))}
      </TextField>
      <Stack direction="row" spacing={2}>
        <Whole label={t("rounds")} min={1} value={draft.rounds} change={(rounds) => put({ rounds })} />
        <Whole label={t("seed")} hint={t("seedHint")} min={0} value={draft.seed} change={(seed) => put({ seed })} />
      </Stack>
      <TextField
        select
        required
        label={t("strategy")}
        helperText={t("strategyHint")}
        value={draft.strategy}
        onChange={(event) => put({ strategy: event.target.value })}
      >
        {known.strategies.map((name) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <Choice
        label={t("private")}
        hint={t("privateHint")}
        on={draft.private}
        change={(on) => put({ private: on })}
      />
      {draft.private && (
        <DecimalField
          required
          label={t("epsilon")}
          hint={t("epsilonHint")}
          value={draft.epsilon}
          onChange={(epsilon) => put({ epsilon })}
        />
      )}
      <Choice label={t("secure")} hint={t("secureHint")} on={draft.secure} change={(secure) => put({ secure })} />
      <Choice label={t("robust")} hint={t("robustHint")} on={draft.robust} change={(robust) => put({ robust })} />
      <TextField
        multiline
        minRows={2}
        label={t("more")}
        helperText={wrong.length > 0 ? t("moreWrong", { line: wrong[0] }) : t("moreHint")}
        error={wrong.length > 0}
        value={draft.more}
        onChange={(event) => put({ more: event.target.value })}
      />
    </Stack>
  );
}

interface WholeProps {
  label: string;
  hint?: string;
  min: number;
  value: string;
  change: (value: string) => void;
}

function Whole({ label, hint, min, value, change }: WholeProps) {
  return (
    <TextField
      required
      type="number"
      label={label}
      helperText={hint}
      value={value}
      onChange={(event) => change(event.target.value)}
      slotProps={{ htmlInput: { min, step: 1 } }}
    />
  );
}

function Choice({ label, hint, on, change }: { label: string; hint: string; on: boolean; change: (on: boolean) => void }) {
  return (
    <FormControlLabel
      control={<Switch checked={on} onChange={(_, checked) => change(checked)} />}
      label={
        <>
          {label}
          <Typography variant="body2" sx={{ color: "text.secondary" }}>
            {hint}
          </Typography>
        </>
      }
      sx={{ alignItems: "flex-start" }}
    />
  );
}
