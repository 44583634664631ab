import { Alert, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Round, Run } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { Panel } from "../../components/Panel";
import { valueAt } from "../../lib/differences";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { planOfRunQuery } from "./api";
import type { Matrix } from "./participation";

interface Props {
  run: Run;
  rounds: readonly Round[];
  parts: Matrix;
}

/** What the run costs each hospital's patients, as far as others than the hospital may know it. */
export function CostPanel(props: Props) {
  const { t } = useTranslation("training");
  const may = useMay();
  return (
    <Panel title={t("cost.title")} hint={t("cost.hint")}>
      {may("getPlan") && <ByHospital {...props} />}
    </Panel>
  );
}

function ByHospital({ run, rounds, parts }: Props) {
  const { t } = useTranslation("training");
  const { number } = format();
  const paid = paidSoFar(rounds);
  const query = useQuery(planOfRunQuery(run.plan_hash));
  return (
    <Fetched query={query} lines={2}>
      {({ plan }) => {
        if (valueAt(plan, "privacy.dp.enabled") !== true) return <Alert severity="warning">{t("cost.unbounded")}</Alert>;
        const [epsilon, delta] = [valueAt(plan, "privacy.dp.epsilon"), valueAt(plan, "privacy.dp.delta")];
        const most = typeof epsilon === "number" ? epsilon : null;
        const told = (institution: string, of: (spent: number) => number | null) => {
          const spent = paid.get(institution);
          const value = spent === undefined ? null : of(spent);
          return value === null ? t("cost.notTold") : number(value, 3);
        };
        return (
          <Stack spacing={1}>
            <DataTable
              label={t("cost.title")}
              rows={parts.rows}
              id={({ institution }) => institution}
              columns={[
                { key: "hospital", name: t("cost.hospital"), cell: ({ institution }) => institution },
                {
                  key: "rounds",
                  name: t("cost.rounds"),
                  numeric: true,
                  cell: ({ parts }) => t("cost.of", { done: parts.filter(({ state }) => state !== "not").length, count: run.rounds }),
                },
                {
                  key: "spent",
                  name: <Hint text={t("cost.spentHint")}>{t("cost.spent")}</Hint>,
                  numeric: true,
                  cell: ({ institution }) => told(institution, (spent) => spent),
                },
                {
                  key: "left",
                  name: t("cost.left"),
                  numeric: true,
                  cell: ({ institution }) => told(institution, (spent) => most && Math.max(0, most - spent)),
                },
                {
                  key: "most",
                  name: <Hint text={t("privacy.epsilonHint", { delta: number(Number(delta), 10) })}>{t("cost.most")}</Hint>,
                  numeric: true,
                  cell: () => (most === null ? t("cost.untold") : number(most, 3)),
                },
              ]}
            />
            <Typography variant="body2">{t("cost.bound")}</Typography>
          </Stack>
        );
      }}
    </Fetched>
  );
}

/** Epsilon after the newest round in which a hospital's own figures say it. */
function paidSoFar(rounds: readonly Round[]): Map<string, number> {
  const paid = new Map<string, number>();
  for (const { institutions } of rounds) {
    for (const { institution, epsilon } of institutions) if (epsilon !== null) paid.set(institution, epsilon);
  }
  return paid;
}
