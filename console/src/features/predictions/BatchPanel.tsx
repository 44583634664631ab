import { Alert, Button, Checkbox, FormControlLabel, Stack, Typography } from "@mui/material";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { TaskForm } from "../../api-client/schema";
import { DataTable, type Column } from "../../components/DataTable";
import { Failure } from "../../components/Failure";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { Status } from "../../components/Status";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { answeredSheet, columnsOf, readSheet, recordsOf, type Answered, type Sheet } from "./csv";
import { Drop } from "./Drop";
import { save } from "./save";
import { useBatch } from "./useBatch";
import { useWords } from "./words";

const SHOWN = 50;

/** Predict for every row of a file, and take the answers home as one. */
export function BatchPanel({ form }: { form: TaskForm }) {
  const { t } = useTranslation("predictions");
  const [file, setFile] = useState<{ name: string; sheet: Sheet; number: number } | null>(null);
  const names = form.fields.map(({ name }) => name);
  async function take(taken: File): Promise<void> {
    const sheet = readSheet(await taken.text());
    setFile((before) => ({ name: taken.name, sheet, number: (before?.number ?? 0) + 1 }));
  }
  return (
    <Stack spacing={3}>
      <Panel
        title={t("batch.title")}
        hint={t("batch.hint", { columns: names.join(", ") })}
        actions={
          <Button onClick={() => save(`${form.task}.csv`, `${names.join(",")}\r\n`)}>{t("batch.template")}</Button>
        }
      >
        <Drop accept=".csv,.tsv,.txt,text/csv" label={t("batch.drop")} onFile={(taken) => void take(taken)} />
      </Panel>
      {file && <Answers key={file.number} form={form} name={file.name} sheet={file.sheet} />}
    </Stack>
  );
}

function Answers({ form, name, sheet }: { form: TaskForm; name: string; sheet: Sheet }) {
  const { t } = useTranslation("predictions");
  const [record, setRecord] = useState(false);
  const { missing, ignored } = columnsOf(sheet.header, form.fields);
  const rows = useMemo(() => recordsOf(sheet, form.fields), [sheet, form]);
  const { asking, done, stopped, stop } = useBatch(form.task, rows, record);
  const complete = done.length === rows.length && rows.length > 0;
  const faults = faultsOf(sheet, missing);
  return (
    <Panel title={name} hint={t("batch.rows", { count: rows.length })}>
      <Stack spacing={2}>
        {faults.map(([key, values]) => (
          <Alert key={key} severity="error">
            {t(`batch.${key}`, values)}
          </Alert>
        ))}
        {ignored.length > 0 && <Alert severity="info">{t("batch.ignored", { columns: ignored.join(", ") })}</Alert>}
        {faults.length === 0 && !complete && (
          <>
            <FormControlLabel
              control={<Checkbox checked={record} disabled={asking.isPending || done.length > 0} onChange={(event) => setRecord(event.target.checked)} />}
              label={t("batch.record")}
            />
            <Stack direction="row" sx={{ gap: 1 }}>
              <Button variant="contained" loading={asking.isPending} onClick={() => asking.mutate()}>
                {done.length > 0 ? t("batch.goOn") : t("batch.start", { count: rows.length })}
              </Button>
              {asking.isPending && <Button onClick={stop}>{t("batch.stop")}</Button>}
            </Stack>
          </>
        )}
        {asking.isPending && (
          <Progress label={t("batch.progress")} value={(100 * done.length) / rows.length} />
        )}
        {asking.error && !stopped && <Failure error={asking.error} />}
        {stopped && <Alert severity="info">{t("batch.stopped", { done: done.length, all: rows.length })}</Alert>}
        {complete && <Done form={form} sheet={sheet} answers={done} />}
      </Stack>
    </Panel>
  );
}

function faultsOf(sheet: Sheet, missing: readonly string[]): ["empty" | "missing" | "broken", Record<string, string>][] {
  if (sheet.rows.length === 0) return [["empty", {}]];
  if (missing.length > 0) return [["missing", { columns: missing.join(", ") }]];
  return sheet.broken.length > 0 ? [["broken", { lines: sheet.broken.slice(0, 10).join(", ") }]] : [];
}

function Done({ form, sheet, answers: told }: { form: TaskForm; sheet: Sheet; answers: Answered[] }) {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const answers = told.map((answer) => ({ ...answer, remarks: answer.remarks.map(say) }));
  const refused = answers.filter(({ value }) => value === null).length;
  const outside = answers.filter((answer) => answer.outside).length;
  return (
    <Stack spacing={2}>
      <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap", alignItems: "center" }}>
        <Status tone="success" label={t("batch.predicted", { count: answers.length - refused })} />
        {outside > 0 && <Status tone="warning" label={t("batch.outside", { count: outside })} />}
        {refused > 0 && <Status tone="error" label={t("batch.refused", { count: refused })} />}
        <Button variant="contained" onClick={() => save(`${form.task}-answers.csv`, answeredSheet(sheet, answers))}>
          {t("batch.download")}
        </Button>
      </Stack>
      <AnswerTable answers={answers} />
    </Stack>
  );
}

function AnswerTable({ answers }: { answers: Answered[] }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const rows = answers.slice(0, SHOWN).map((answer, at) => ({ ...answer, row: at + 1 }));
  const amount = (value: number | null, unit: string | null) => (value === null ? "–" : format().quantity(value, words.unit(unit)));
  const columns: Column<(typeof rows)[number]>[] = [
    { key: "row", name: t("batch.row"), cell: ({ row }) => row, numeric: true },
    {
      key: "value",
      name: t("batch.answer"),
      cell: ({ value, label, unit }) => (label === null || value === null ? amount(value, unit) : `${words.category(label)} (${format().percent(value, 1)})`),
      numeric: true,
    },
    {
      key: "interval",
      name: t("batch.interval"),
      cell: ({ low, high, unit }) => (low === null || high === null ? "–" : `${amount(low, unit)} – ${amount(high, unit)}`),
      numeric: true,
    },
    { key: "remarks", name: t("batch.remarks"), cell: ({ remarks }) => remarks.join("; ") },
  ];
  return (
    <>
      <DataTable label={t("batch.table")} columns={columns} rows={rows} id={({ row }) => row} />
      {answers.length > SHOWN && <Typography sx={{ color: "text.secondary" }}>{t("batch.first", { count: SHOWN })}</Typography>}
    </>
  );
}
