import { Alert, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Run } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { Panel } from "../../components/Panel";
import { valueAt } from "../../lib/differences";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { planOfRunQuery } from "./api";
import type { Matrix } from "./participation";

/** What the run costs each hospital's patients, as far as others than the hospital may know it. */
export function CostPanel({ run, parts }: { run: Run; parts: Matrix }) {
  const { t } = useTranslation("training");
  const may = useMay();
  return (
    <Panel title={t("cost.title")} hint={t("cost.hint")}>
      {may("getPlan") && <ByHospital run={run} parts={parts} />}
    </Panel>
  );
}

function ByHospital({ run, parts }: { run: Run; parts: Matrix }) {
  const { t } = useTranslation("training");
  const { number } = format();
  const query = useQuery(planOfRunQuery(run.plan_hash));
  return (
    <Fetched query={query} lines={2}>
      {({ plan }) => {
        if (valueAt(plan, "privacy.dp.enabled") !== true) return <Alert severity="warning">{t("cost.unbounded")}</Alert>;
        const [epsilon, delta] = [valueAt(plan, "privacy.dp.epsilon"), valueAt(plan, "privacy.dp.delta")];
        const most = typeof epsilon === "number" ? number(epsilon, 3) : t("cost.untold");
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
                  key: "most",
                  name: <Hint text={t("privacy.epsilonHint", { delta: number(Number(delta), 10) })}>{t("cost.most")}</Hint>,
                  numeric: true,
                  cell: () => most,
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
