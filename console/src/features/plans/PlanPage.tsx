import { Box, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { PlanDetails } from "../../api-client/schema";
import { DataTable } from "../../components/DataTable";
import { Differences } from "../../components/Differences";
import { Empty } from "../../components/Empty";
import { Fetched } from "../../components/Fetched";
import { TextLink } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Status } from "../../components/Status";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { lastApprovedQuery, planQuery } from "./api";
import { DecisionStatus } from "./DecisionStatus";
import { Forecast } from "./Forecast";
import { PlanActions } from "./PlanActions";
import { PlainPlan } from "./PlainPlan";

/** A plan as whoever decides on it reads it: in words, beside the last one that was approved, with its cost. */
export function PlanPage() {
  const { t } = useTranslation("plans");
  const { hash } = useParams({ from: "/inside/plans/$hash" });
  const query = useQuery(planQuery(hash));
  const may = useMay();
  const plan = query.data;
  return (
    <Page
      title={plan ? t("one", { task: plan.task }) : t("plan")}
      lead={plan && <Lead plan={plan} />}
      actions={plan && <PlanActions plan={plan} />}
    >
      <Fetched query={query}>
        {(plan) => (
          <Stack spacing={3}>
            <PlainPlan plan={plan.plan} />
            {may("forecastPlan") && <Forecast hash={hash} />}
            <Before plan={plan} />
            <Decisions plan={plan} />
            <Canonical plan={plan} />
          </Stack>
        )}
      </Fetched>
    </Page>
  );
}

function Lead({ plan }: { plan: PlanDetails }) {
  const { t } = useTranslation("plans");
  return (
    <Stack component="span" direction="row" sx={{ gap: 1, alignItems: "center", flexWrap: "wrap" }}>
      <DecisionStatus plan={plan} />
      {t("proposedAt", { at: format().moment(plan.created_at) })}
    </Stack>
  );
}

/** What differs from the plan of this task that was approved last. */
function Before({ plan }: { plan: PlanDetails }) {
  const { t } = useTranslation("plans");
  const query = useQuery(lastApprovedQuery(plan));
  return (
    <Panel title={t("before.title")} hint={t("before.hint")}>
      <Fetched query={query}>
        {(before) =>
          before ? (
            <>
              <TextLink to="/plans/$hash" params={{ hash: before.hash }}>
                {t("before.link", { at: format().moment(before.created_at) })}
              </TextLink>
              <Differences
                label={t("before.title")}
                before={before.plan}
                now={plan.plan}
                names={[t("before.then"), t("before.now")]}
              />
            </>
          ) : (
            <Empty title={t("before.none")}>{t("before.noneText")}</Empty>
          )
        }
      </Fetched>
    </Panel>
  );
}

function Decisions({ plan }: { plan: PlanDetails }) {
  const { t } = useTranslation("plans");
  if (plan.decisions.length === 0) return null;
  return (
    <Panel title={t("decisions.title")}>
      <DataTable
        label={t("decisions.title")}
        rows={plan.decisions}
        id={(each) => each.institution_id}
        columns={[
          { key: "hospital", name: t("decisions.hospital"), cell: (each) => each.institution },
          {
            key: "said",
            name: t("decision"),
            cell: (each) => (
              <Status
                label={t(each.approved ? "state.approved" : "state.refused")}
                tone={each.approved ? "success" : "error"}
              />
            ),
          },
          { key: "how", name: t("decisions.how"), cell: (each) => t(`decisions.by.${each.decided_how}`) },
          { key: "reason", name: t("decisions.reason"), cell: (each) => each.reason ?? "–" },
          { key: "at", name: t("decisions.at"), cell: (each) => format().moment(each.decided_at) },
        ]}
      />
    </Panel>
  );
}

/** The very text that is hashed and approved. */
function Canonical({ plan }: { plan: PlanDetails }) {
  const { t } = useTranslation("plans");
  return (
    <Panel title={t("canonical.title")} hint={t("canonical.hint")}>
      <Typography sx={{ fontFamily: "monospace", overflowWrap: "anywhere", mb: 1 }}>{plan.hash}</Typography>
      <Box component="details">
        <Box component="summary" sx={{ cursor: "pointer" }}>
          {t("canonical.show")}
        </Box>
        <Box component="pre" tabIndex={0} sx={{ overflow: "auto", fontSize: "0.8rem", maxHeight: 400 }}>
          {JSON.stringify(plan.plan, null, 2)}
        </Box>
      </Box>
    </Panel>
  );
}
