import { Button, MenuItem, Stack, TextField, Typography } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { Plan } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { TextLink } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { useTasks } from "../../components/planning/tasks";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { plansQuery } from "./api";
import { DecisionStatus } from "./DecisionStatus";
import { ProposeButton } from "./ProposeButton";

/** What the hospitals are asked to take part in, the newest first. */
export function PlansPage() {
  const { t } = useTranslation("plans");
  const may = useMay();
  const navigate = useNavigate();
  const { task } = useSearch({ from: "/inside/plans" });
  const tasks = useTasks();
  const query = useInfiniteQuery(plansQuery(task));
  const open = (hash: string) => void navigate({ to: "/plans/$hash", params: { hash } });
  return (
    <Page
      title={t("title")}
      lead={t(may("approvePlan") ? "leadHospital" : "leadConsortium")}
      actions={may("proposePlan") && <ProposeButton onProposed={open} />}
    >
      <TextField
        select
        label={t("task")}
        value={task ?? ""}
        onChange={(event) => void navigate({ to: "/plans", search: { task: event.target.value || undefined } })}
        sx={{ maxWidth: 280 }}
      >
        <MenuItem value="">{t("everyTask")}</MenuItem>
        {tasks.map(({ name }) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <Panel>
        <Fetched query={query}>
          {({ pages }) => {
            const plans = pages.flatMap((page) => page.items);
            if (plans.length === 0) return <Empty title={t("empty.title")}>{t("empty.text")}</Empty>;
            return (
              <Stack spacing={2}>
                <Plans plans={plans} />
                {query.isFetchNextPageError && <Failure error={query.error} />}
                {query.hasNextPage && (
                  <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {t("common:more")}
                  </Button>
                )}
              </Stack>
            );
          }}
        </Fetched>
      </Panel>
    </Page>
  );
}

function Plans({ plans }: { plans: readonly Plan[] }) {
  const { t } = useTranslation("plans");
  return (
    <DataTable
      label={t("title")}
      rows={plans}
      id={(plan) => plan.hash}
      columns={[
        { key: "plan", name: t("plan"), cell: (plan) => <PlanLink plan={plan} /> },
        { key: "decision", name: t("decision"), cell: (plan) => <DecisionStatus plan={plan} /> },
        { key: "rounds", name: t("rounds"), numeric: true, cell: (plan) => format().number(plan.rounds) },
        { key: "strategy", name: t("strategy"), cell: (plan) => plan.strategy },
        { key: "proposed", name: t("proposed"), cell: (plan) => format().moment(plan.created_at) },
      ]}
    />
  );
}

function PlanLink({ plan }: { plan: Plan }) {
  return (
    <>
      <TextLink to="/plans/$hash" params={{ hash: plan.hash }}>
        {plan.task}
      </TextLink>
      <Typography component="span" variant="body2" sx={{ color: "text.secondary", ml: 1, fontFamily: "monospace" }}>
        {plan.hash.slice(0, 8)}
      </Typography>
    </>
  );
}
