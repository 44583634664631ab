import { Stack, Typography } from "@mui/material";
import Grid from "@mui/material/Grid";
import { useQueries } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { RunDetails } from "../../api-client/schema";
import { Chart } from "../../components/charts/Chart";
import { DataTable } from "../../components/DataTable";
import { Differences } from "../../components/Differences";
import { Empty } from "../../components/Empty";
import { Fetched } from "../../components/Fetched";
import { LinkButton, TextLink } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { planOfRunQuery, runQuery } from "./api";
import { figuresOf, lastStanding } from "./metrics";
import { RunStatus } from "./RunStatus";
import { useFigureWords } from "./useFigureWords";

/** Some runs beside each other: how good, how fast, how much was sent, and what their plans say differently. */
export function ComparePage() {
  const { t } = useTranslation("training");
  const { runs: ids } = useSearch({ from: "/inside/training/compare" });
  const queries = useQueries({ queries: ids.map((id) => runQuery(id)) });
  const may = useMay();
  const runs = queries.flatMap(({ data }) => (data ? [data] : []));
  return (
    <Page title={t("compare.title")} lead={t("compare.lead")}>
      {ids.length < 2 && (
        <Empty title={t("compare.few")} action={<LinkButton to="/training">{t("compare.choose")}</LinkButton>}>
          {t("compare.fewText")}
        </Empty>
      )}
      {queries.map((query, place) => (query.data ? null : <Fetched key={ids[place]} query={query}>{() => null}</Fetched>))}
      {runs.length > 1 && (
        <Stack spacing={3}>
          <Panel title={t("compare.facts")}>
            <Facts runs={runs} />
          </Panel>
          <Overlaid runs={runs} />
          {may("getPlan") && <Plans runs={runs} />}
        </Stack>
      )}
    </Page>
  );
}

const short = (run: RunDetails) => run.id.slice(-8);

function Facts({ runs }: { runs: readonly RunDetails[] }) {
  const { t } = useTranslation("training");
  const { bytes, seconds, moment } = format();
  const write = useFigureWords();
  const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const names = figuresOf(runs.flatMap(({ history }) => history));
  const figures = names.map((name) => ({
    key: name,
    name: t(`metrics.${name}.name`, { defaultValue: name }),
    numeric: true,
    cell: ({ task, history }: RunDetails) => {
      const value = lastStanding(history)?.metrics[name];
      return value === null || value === undefined ? "–" : write(task, name, value);
    },
  }));
  return (
    <DataTable
      label={t("compare.facts")}
      rows={runs}
      id={({ id }) => id}
      columns={[
        {
          key: "run",
          name: t("runs.run"),
          cell: (run) => (
            <TextLink to="/training/$run" params={{ run: run.id }}>
              {run.task} {short(run)}
            </TextLink>
          ),
        },
        { key: "state", name: t("state"), cell: (run) => <RunStatus status={run.status} /> },
        { key: "at", name: t("runs.at"), cell: (run) => moment(run.created_at) },
        { key: "rounds", name: t("compare.rounds"), numeric: true, cell: (run) => `${run.history.length} / ${run.rounds}` },
        ...figures,
        {
          key: "seconds",
          name: t("compare.seconds"),
          numeric: true,
          cell: (run) => seconds(sum(run.history.map((round) => round.seconds))),
        },
        {
          key: "bytes",
          name: t("compare.bytes"),
          numeric: true,
          cell: (run) => bytes(sum(run.history.flatMap((round) => [round.bytes_sent, round.bytes_received]))),
        },
      ]}
    />
  );
}

/** One chart for each figure, one line for each run. */
function Overlaid({ runs }: { runs: readonly RunDetails[] }) {
  const { t } = useTranslation("training");
  const write = useFigureWords();
  const tasks = new Set(runs.map(({ task }) => task));
  const names = figuresOf(runs.flatMap(({ history }) => history));
  const numbers = runs.flatMap(({ history }) => history.map(({ round }) => round));
  const at = [...new Set(numbers)].sort((one, other) => one - other);
  if (names.length === 0) return null;
  return (
    <Panel title={t("figures.title")}>
      <Grid container spacing={3}>
        {names.map((name) => (
          <Grid key={name} size={{ xs: 12, md: 6, lg: names.length % 3 === 0 ? 4 : 6, xl: 4 }}>
            <Chart
              kind="line"
              title={t(`metrics.${name}.name`, { defaultValue: name })}
              hint={t(`metrics.${name}.hint`, { defaultValue: "" })}
              at={at}
              atName={t("round")}
              say={(value) => write(tasks.size === 1 ? [...tasks].join() : "", name, value)}
              series={runs.map((run) => ({
                name: `${run.task} ${short(run)}`,
                values: at.map((round) => run.history.find((each) => each.round === round)?.metrics[name] ?? null),
              }))}
            />
          </Grid>
        ))}
      </Grid>
    </Panel>
  );
}

/** What the plan of each run says differently from that of the first. */
function Plans({ runs }: { runs: readonly RunDetails[] }) {
  const { t } = useTranslation("training");
  const plans = useQueries({ queries: runs.map((run) => planOfRunQuery(run.plan_hash)) });
  const [first, ...others] = runs;
  const before = plans[0]?.data;
  if (!first || !before) return null;
  return (
    <Panel title={t("compare.plans")}>
      <Stack spacing={3}>
        {others.map((run, place) => {
          const now = plans[place + 1]?.data;
          if (!now) return null;
          if (run.plan_hash === first.plan_hash) {
            return <Typography key={run.id}>{t("compare.samePlan", { one: short(first), other: short(run) })}</Typography>;
          }
          return (
            <Differences
              key={run.id}
              label={t("compare.between", { one: short(first), other: short(run) })}
              before={before.plan}
              now={now.plan}
              names={[`${first.task} ${short(first)}`, `${run.task} ${short(run)}`]}
            />
          );
        })}
      </Stack>
    </Panel>
  );
}
