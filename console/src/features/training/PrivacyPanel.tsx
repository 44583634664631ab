import { Alert, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { TextLink } from "../../components/LinkButton";
import { Panel } from "../../components/Panel";
import { BudgetBar } from "../../components/privacy/BudgetBar";
import { budgetQuery } from "../../components/privacy/budget";
import { valueAt } from "../../lib/differences";
import { format } from "../../lib/i18n";
import { planOfRunQuery } from "./api";
import { ENDED } from "./progress";

const LOOK_AGAIN_MS = 10_000;

/** One's own hospital's privacy budget, as this run draws on it. */
export function PrivacyPanel({ run, rounds }: { run: Run; rounds: number }) {
  const { t } = useTranslation("training");
  const running = !ENDED.includes(run.status);
  const budget = useQuery({ ...budgetQuery, refetchInterval: running && LOOK_AGAIN_MS });
  const plan = useQuery(planOfRunQuery(run.plan_hash));
  const { refetch } = budget;
  // What a round costs is in the ledger when the round is told; a run's whole cost, at some time before the first.
  useEffect(() => void refetch(), [refetch, rounds, run.status]);
  const isPrivate = plan.data && valueAt(plan.data.plan, "privacy.dp.enabled") === true;
  return (
    <Panel title={t("privacy.title")} hint={t("privacy.hint")}>
      <Fetched query={budget} lines={2}>
        {({ epsilon, delta, spent, unbounded_runs }) => (
          <Stack spacing={2}>
            <BudgetBar budget={epsilon} spent={spent} />
            <Typography variant="body2">
              <Hint text={t("privacy.epsilonHint", { delta: format().number(delta, 10) })}>{t("privacy.epsilon")}</Hint>
            </Typography>
            {isPrivate && <Typography variant="body2">{t("privacy.reserved")}</Typography>}
            {isPrivate === false && (
              <Alert severity="warning">{t("privacy.unbounded", { count: unbounded_runs })}</Alert>
            )}
            <TextLink to="/plans/$hash" params={{ hash: run.plan_hash }}>
              {t("privacy.plan")}
            </TextLink>
          </Stack>
        )}
      </Fetched>
    </Panel>
  );
}
