import { Alert, Box, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { PlanCost } from "../../api-client/schema";
import { BudgetBar } from "../../components/privacy/BudgetBar";
import { budgetQuery } from "../../components/privacy/budget";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { forecastQuery } from "./api";

/** What a run of the plan would take of one's own hospital's privacy budget. */
export function Forecast({ hash }: { hash: string }) {
  const { t } = useTranslation("plans");
  const query = useQuery(forecastQuery(hash));
  return (
    <Panel title={t("cost.title")} hint={t("cost.hint")}>
      <Fetched query={query} lines={2}>
        {(cost) => <Cost cost={cost} />}
      </Fetched>
      {query.isPending && <Typography sx={{ color: "text.secondary" }}>{t("cost.composing")}</Typography>}
    </Panel>
  );
}

function Cost({ cost }: { cost: PlanCost }) {
  const { t } = useTranslation("plans");
  const { number } = format();
  const { data: budget } = useQuery(budgetQuery);
  if (cost.epsilon === null || cost.spent_after === null) {
    return <Alert severity="warning">{t("cost.unbounded", { spent: number(cost.spent, 3) })}</Alert>;
  }
  const fits = cost.runs_that_fit ?? 0;
  const facts = [
    ["run", cost.epsilon],
    ["spent", cost.spent],
    ["after", cost.spent_after],
  ] as const;
  return (
    <Stack spacing={2}>
      <Stack direction="row" sx={{ gap: 4, flexWrap: "wrap" }}>
        {facts.map(([key, epsilon]) => (
          <Box key={key}>
            <Typography variant="h2" component="p">
              {number(epsilon, 3)}
            </Typography>
            <Hint text={t(`cost.${key}Hint`, { delta: number(cost.delta, 10) })}>{t(`cost.${key}`)}</Hint>
          </Box>
        ))}
      </Stack>
      {budget && <BudgetBar budget={budget.epsilon} spent={cost.spent} added={cost.spent_after - cost.spent} />}
      <Alert severity={fits > 0 ? "success" : "error"}>
        {fits > 0 ? t("cost.fits", { count: fits }) : t("cost.tooDear")}
      </Alert>
    </Stack>
  );
}
