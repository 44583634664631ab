import { Box, Button, Stack, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { ImportReport, PatientFields } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { save } from "../../lib/save";
import { FIELDS } from "./fields";
import { problemsAsCsv } from "./problems";

/** What a file holds, in figures and in words. */
export function Summary({ report }: { report: ImportReport }) {
  const { t } = useTranslation("patients");
  const { number } = format();
  const figures = [
    ["rows", report.rows],
    [report.dry_run ? "usable" : "imported", report.imported],
    ["refused", report.refused],
  ] as const;
  return (
    <Stack spacing={1}>
      <Stack component="dl" direction="row" sx={{ m: 0, gap: 4, flexWrap: "wrap" }}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
              {t(`import.figures.${name}`)}
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontSize: "1.5rem", fontWeight: 650 }}>
              {number(value)}
            </Typography>
          </div>
        ))}
      </Stack>
      {report.named > 0 && <span>{t("import.named", { count: report.named, number: number(report.named) })}</span>}
      {report.rounded > 0 && <span>{t("import.rounded", { count: report.rounded, number: number(report.rounded) })}</span>}
      {report.ignored_columns.length > 0 && (
        <span>{t("import.ignored", { columns: report.ignored_columns.join(", ") })}</span>
      )}
    </Stack>
  );
}

/** The first rows as they would be stored. */
export function Preview({ report }: { report: ImportReport }) {
  const { t } = useTranslation("patients");
  if (report.preview.length === 0) return null;
  const numeric = new Set(["age", "bmi", "children", "insurance_cost"]);
  return (
    <div>
      <Typography variant="h3">{t("import.first", { count: report.preview.length })}</Typography>
      <DataTable
        label={t("import.first", { count: report.preview.length })}
        columns={FIELDS.map((name) => ({
          key: name,
          name: t([`short.${name}`, `fields.${name}`]),
          numeric: numeric.has(name),
          cell: (row: PatientFields) =>
            name === "sex" || name === "smoker" ? t(`${name}.${row[name]}`, { defaultValue: row[name] }) : (shown(row[name]) ?? t("unknown")),
        }))}
        rows={report.preview}
        id={(row) => report.preview.indexOf(row)}
      />
    </div>
  );
}

/** Each row that cannot be taken, and why. */
export function Problems({ report, name }: { report: ImportReport | null; name: string }) {
  const { t } = useTranslation("patients");
  const say = useSaid();
  if (!report || report.problems.length === 0) return null;
  const { number } = format();
  const shownFirst = report.problems.slice(0, SHOWN);
  const more = report.problems.length - shownFirst.length + report.problems_left_out;
  return (
    <Stack spacing={1}>
      <Stack direction="row" sx={{ justifyContent: "space-between", alignItems: "center", flexWrap: "wrap", gap: 1 }}>
        <Typography variant="h3">{t("import.problems")}</Typography>
        <Button
          size="small"
          onClick={() => save(new Blob([problemsAsCsv(report.problems, say)], { type: "text/csv" }), `problems-${name}`)}
        >
          {t("import.saveProblems")}
        </Button>
      </Stack>
      <DataTable
        label={t("import.problems")}
        columns={[
          { key: "line", name: t("import.line"), cell: ({ line }) => number(line) },
          { key: "column", name: t("import.column"), cell: ({ column }) => column },
          { key: "reason", name: t("import.reason"), cell: ({ reason }) => say(reason) },
        ]}
        rows={shownFirst}
        id={({ line, column }) => `${line} ${column}`}
      />
      {more > 0 && <Box>{t("import.more", { count: more, number: number(more) })}</Box>}
    </Stack>
  );
}

function shown(value: string | number | null | undefined): string | null {
  return typeof value === "number" ? format().number(value) : (value ?? null);
}

const SHOWN = 50;
