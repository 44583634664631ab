import { Button, FormControlLabel, Stack, Switch, TextField } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Rule } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { DataTable } from "../../components/DataTable";
import { DecimalField } from "../../components/DecimalField";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { FormDialog } from "../../components/FormDialog";
import { Panel } from "../../components/Panel";
import { useTasks } from "../../components/planning/tasks";
import { Status } from "../../components/Status";
import { useSaid } from "../../components/useSaid";
import { decimalSign, numberOf, textOf } from "../../lib/decimal";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { dropRule, rulesQuery, setRule } from "./api";

/** Which plans this hospital's node takes up without asking anybody. */
export function Rules() {
  const { t } = useTranslation("hospital");
  const { number } = format();
  const rules = useQuery(rulesQuery);
  const [edited, setEdited] = useKept<Partial<Rule> | null>("rule", null);
  const [dropped, setDropped] = useState<string | null>(null);
  const drop = useMutation({ mutationFn: dropRule, onSettled: () => setDropped(null) });
  const add = (
    <Button variant="contained" onClick={() => setEdited({})}>
      {t("rules.add")}
    </Button>
  );
  return (
    <Panel title={t("rules.title")} hint={t("rules.hint")} actions={add}>
      {drop.error && <Failure error={drop.error} />}
      <Fetched query={rules}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("rules.empty.title")} action={add}>
              {t("rules.empty.text")}
            </Empty>
          ) : (
            <DataTable
              label={t("rules.title")}
              rows={items}
              id={(rule) => rule.task}
              columns={[
                { key: "task", name: t("privacy.task"), cell: (rule) => rule.task },
                {
                  key: "epsilon",
                  name: t("rules.epsilon"),
                  cell: (rule) => (rule.max_epsilon === null ? t("rules.any") : number(rule.max_epsilon)),
                  numeric: true,
                },
                { key: "rounds", name: t("rules.rounds"), cell: (rule) => rule.max_rounds_per_day, numeric: true },
                {
                  key: "state",
                  name: t("rules.state"),
                  cell: (rule) => (
                    <Status label={t(rule.is_enabled ? "rules.on" : "rules.off")} tone={rule.is_enabled ? "success" : "default"} />
                  ),
                },
                {
                  key: "deeds",
                  name: t("rules.deeds"),
                  cell: (rule) => (
                    <Stack direction="row" spacing={1}>
                      <Button size="small" aria-label={t("rules.change", { task: rule.task })} onClick={() => setEdited(rule)}>
                        {t("rules.changeShort")}
                      </Button>
                      <Button
                        size="small"
                        color="error"
                        aria-label={t("rules.drop", { task: rule.task })}
                        onClick={() => setDropped(rule.task)}
                      >
                        {t("rules.dropShort")}
                      </Button>
                    </Stack>
                  ),
                },
              ]}
            />
          )
        }
      </Fetched>
      {edited && <RuleForm rule={edited} onClose={() => setEdited(null)} />}
      <Confirm
        open={dropped !== null}
        title={t("rules.drop", { task: dropped })}
        action={t("rules.dropShort")}
        destructive
        busy={drop.isPending}
        onConfirm={() => dropped !== null && drop.mutate(dropped)}
        onClose={() => setDropped(null)}
      >
        {t("rules.dropText")}
      </Confirm>
    </Panel>
  );
}

function RuleForm({ rule, onClose }: { rule: Partial<Rule>; onClose: () => void }) {
  const { t } = useTranslation("hospital");
  const [task, setTask] = useKept("rule task", rule.task ?? "");
  const [epsilon, setEpsilon] = useKept("rule epsilon", rule.max_epsilon ? textOf(rule.max_epsilon, decimalSign()) : "");
  const [rounds, setRounds] = useKept("rule rounds", String(rule.max_rounds_per_day ?? 100));
  const [on, setOn] = useKept("rule on", rule.is_enabled ?? true);
  const saving = useMutation({ mutationFn: setRule, onSuccess: onClose });
  const tasks = useTasks();
  const say = useSaid();
  const choices = useId();
  // The consortium may propose a task that it declares itself: no mistake, but worth a second look.
  const strange = task !== "" && tasks.length > 0 && !tasks.some(({ name }) => name === task);

  function submit(): void {
    const most = numberOf(epsilon, decimalSign());
    // An empty one sets no limit; what is no number must not be taken for that.
    if (most === null && epsilon.trim() !== "") return;
    const fields = { max_epsilon: most, max_rounds_per_day: Number(rounds), is_enabled: on };
    saving.mutate({ task, rule: fields });
  }

  return (
    <FormDialog
      title={rule.task ? t("rules.change", { task: rule.task }) : t("rules.add")}
      error={saving.error}
      busy={saving.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label={t("privacy.task")}
        required
        disabled={rule.task !== undefined}
        value={task}
        helperText={strange && t("rules.strange")}
        slotProps={{ htmlInput: { list: choices } }}
        onChange={(event) => setTask(event.target.value)}
      />
      <datalist id={choices}>
        {tasks.map(({ name, title }) => (
          <option key={name} value={name} label={say(title)} />
        ))}
      </datalist>
      <DecimalField label={t("rules.epsilon")} hint={t("rules.epsilonMeans")} value={epsilon} onChange={setEpsilon} />
      <TextField
        label={t("rules.rounds")}
        type="number"
        required
        slotProps={{ htmlInput: { min: 1 } }}
        value={rounds}
        onChange={(event) => setRounds(event.target.value)}
      />
      <FormControlLabel control={<Switch checked={on} onChange={(_, checked) => setOn(checked)} />} label={t("rules.on")} />
    </FormDialog>
  );
}
