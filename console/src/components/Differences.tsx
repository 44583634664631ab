import { Box } from "@mui/material";
import { useTranslation } from "react-i18next";

import { differences, type Difference } from "../lib/differences";
import { format } from "../lib/i18n";
import { DataTable } from "./DataTable";
import { Empty } from "./Empty";

interface Props {
  label: string;
  before: unknown;
  now: unknown;
  /** What stands over the two columns. */
  names: readonly [string, string];
}

const MOST_PARTS = 12;

/** What differs between two training plans, setting by setting, in words where the setting has some. */
export function Differences({ label, before, now, names }: Props) {
  const { t } = useTranslation("plan");
  const found = differences(before, now);
  if (found.length === 0) return <Empty title={t("same")} />;
  return (
    <DataTable<Difference>
      label={label}
      rows={found}
      id={(row) => row.path}
      columns={[
        { key: "setting", name: t("setting"), cell: (row) => t(`fields.${row.path}`, { defaultValue: row.path }) },
        { key: "before", name: names[0], cell: (row) => <Value value={row.before} /> },
        { key: "now", name: names[1], cell: (row) => <Value value={row.now} strong /> },
      ]}
    />
  );
}

function Value({ value, strong }: { value: unknown; strong?: boolean }) {
  const { t } = useTranslation("plan");
  const words = { yes: t("yes"), no: t("no"), none: t("none") };
  return (
    <Box component="span" sx={{ fontWeight: strong ? 600 : 400, overflowWrap: "anywhere" }}>
      {said(value, words)}
    </Box>
  );
}

function said(value: unknown, words: { yes: string; no: string; none: string }): string {
  if (value === null || value === undefined) return words.none;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "number") return format().number(value, 12);
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((part) => typeof part !== "object")) {
    return value.slice(0, MOST_PARTS).join(", ") + (value.length > MOST_PARTS ? " …" : "");
  }
  return JSON.stringify(value);
}
