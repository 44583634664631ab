import { Link } from "@tanstack/react-router";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { DataTable, type Column } from "../../components/DataTable";
import { format } from "../../lib/i18n";
import type { Sort } from "./search";

interface Props {
  rows: readonly Patient[];
  sort: Sort;
  order?: "desc";
  onSort: (key: Sort) => void;
}

/** A page of patients, each with a link to the record. */
export const PatientTable = memo(function PatientTable({ rows, sort, order, onSort }: Props) {
  const { t, i18n } = useTranslation("patients");
  const columns = useMemo((): Column<Patient>[] => {
    const { number, date } = format();
    const by = (key: Sort) => ({
      direction: key === sort ? (order ?? ("asc" as const)) : (false as const),
      change: () => onSort(key),
    });
    return [
      {
        key: "name",
        name: t("fields.name"),
        sort: by("name"),
        cell: ({ id, first_name, last_name }) => (
          <Link to="/patients/$patientId" params={{ patientId: id }} preload={false} style={LINK}>
            {`${last_name}, ${first_name}`}
          </Link>
        ),
      },
      { key: "age", name: t("short.age"), numeric: true, sort: by("age"), cell: ({ age }) => number(age) },
      { key: "sex", name: t("fields.sex"), cell: ({ sex }) => t(`sex.${sex}`) },
      { key: "bmi", name: t("short.bmi"), numeric: true, cell: ({ bmi }) => number(bmi, 1) },
      { key: "children", name: t("fields.children"), numeric: true, wideOnly: true, cell: ({ children }) => number(children) },
      { key: "smoker", name: t("fields.smoker"), cell: ({ smoker }) => t(`smoker.${smoker}`) },
      { key: "region", name: t("fields.region"), wideOnly: true, cell: ({ region }) => region },
      {
        key: "cost",
        name: t("short.insurance_cost"),
        numeric: true,
        sort: by("cost"),
        cell: ({ insurance_cost }) => (insurance_cost === null ? t("unknown") : number(insurance_cost)),
      },
      { key: "updated", name: t("fields.updated"), sort: by("updated"), cell: ({ updated_at }) => date(updated_at) },
    ];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the language decides how numbers are written.
  }, [t, i18n.resolvedLanguage, sort, order, onSort]);
  return <DataTable label={t("title")} columns={columns} rows={rows} id={({ id }) => id} />;
});

const LINK = { color: "var(--mui-palette-primary-main)", display: "inline-block", minWidth: "16ch" };
