import { Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { ModelDetails } from "../../api-client/schema";
import { DataTable, type Column } from "../../components/DataTable";
import { Hint } from "../../components/Hint";
import { Panel } from "../../components/Panel";
import { activeFiguresQuery, statusQuery } from "./api";
import { figuresOf, gain, shownOf, type Numbers } from "./figures";
import { useFigure } from "./useFigure";

interface Row {
  name: string;
  now: Numbers;
  active: Numbers | undefined;
}

/** The figures of a version beside those of the one that answers: does each hospital gain? */
export function Comparison({ version }: { version: ModelDetails }) {
  const { t } = useTranslation("models");
  const figures = figuresOf(version.metrics);
  // Without an active version there is nothing to stand beside.
  const active = useQuery({ ...activeFiguresQuery(version.task), enabled: !version.is_active, retry: false }).data;
  const known = active && figuresOf({ metrics: active.metrics, institutions: active.institutions });
  const rows: Row[] = [
    { name: t("pooled"), now: figures.pooled, active: known?.pooled },
    ...Object.entries(figures.institutions).map(([name, now]) => ({ name, now, active: known?.institutions[name] })),
  ];
  const columns = useColumns(version.task, shownOf(figures));
  return (
    <Panel title={t("quality")} hint={active ? t("besideActive", { version: active.version }) : t("qualityHint")}>
      <DataTable label={t("quality")} columns={columns} rows={rows} id={(row) => row.name} />
      {figures.judgedOn && (
        <Typography variant="body2" sx={{ color: "text.secondary", mt: 1 }}>
          {t("judgedOn", { split: t(`splits.${figures.judgedOn}`, { defaultValue: figures.judgedOn }) })}
        </Typography>
      )}
    </Panel>
  );
}

function useColumns(task: string, shown: string[]): Column<Row>[] {
  const { t } = useTranslation("models");
  const status = useQuery(statusQuery);
  const figure = useFigure(status.data?.tasks.find((each) => each.task === task)?.unit);
  return [
    { key: "name", name: t("where"), cell: (row) => row.name },
    ...shown.map((key): Column<Row> => ({
      key,
      name: <Hint text={figure.means(key)}>{figure.name(key)}</Hint>,
      numeric: true,
      cell: ({ now, active }) => {
        const before = active?.[key];
        const value = now[key];
        if (value === undefined || before === undefined) return figure.write(key, value);
        const change = gain(key, value, before);
        const word = change > 0 ? "better" : change < 0 ? "worse" : "same";
        return (
          <>
            {figure.write(key, value)}{" "}
            <Typography
              component="span"
              variant="body2"
              sx={{ color: change > 0 ? "success.main" : change < 0 ? "error.main" : "text.secondary" }}
            >
              {t(word, { amount: figure.write(key, Math.abs(change)) })}
            </Typography>
          </>
        );
      },
    })),
  ];
}
