import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { nodesQuery } from "../../components/nodes";
import { budgetQuery } from "../../components/privacy/budget";
import { format } from "../../lib/i18n";
import { newestPlansQuery } from "./api";
import { Aside, Glance, Main } from "./Glance";

/** What the trainings may still cost each patient. */
function BudgetGlance() {
  const { t } = useTranslation("overview");
  const { number } = format();
  const budget = useQuery(budgetQuery);
  return (
    <Glance icon="privacy" title={t("budget.title")} to="/hospital" search={{ part: "privacy" }}>
      <Fetched query={budget} lines={2}>
        {(standing) => (
          <>
            <Main>
              {number(standing.left, 3)} {t("budget.left", { budget: number(standing.epsilon, 3) })}
            </Main>
            {standing.unbounded_runs > 0 && <Aside>{t("budget.unbounded", { count: standing.unbounded_runs })}</Aside>}
            <Aside>{t("budget.hint")}</Aside>
          </>
        )}
      </Fetched>
    </Glance>
  );
}

/** Plans that nobody at the hospital has decided about. */
function PlansGlance() {
  const { t } = useTranslation("overview");
  const plans = useQuery(newestPlansQuery);
  return (
    <Glance icon="plans" title={t("plans.title")} to="/plans">
      <Fetched query={plans} lines={2}>
        {({ items }) => {
          const open = items.filter(({ decisions }) => decisions.length === 0).length;
          if (open === 0) return <Aside>{t("plans.none")}</Aside>;
          return (
            <>
              <Main>{format().number(open)}</Main>
              <Aside>{t("plans.open", { count: open })}</Aside>
            </>
          );
        }}
      </Fetched>
    </Glance>
  );
}

/** Whether the hospital's own node is there. */
function NodeGlance() {
  const { t } = useTranslation("overview");
  const nodes = useQuery(nodesQuery);
  return (
    <Glance icon="hospital" title={t("node.title")} to="/hospital" search={{ part: "node" }}>
      <Fetched query={nodes} lines={2}>
        {({ items: [node] }) =>
          node ? (
            <>
              <Main>{t(node.is_online ? "node.online" : "node.offline")}</Main>
              <Aside>{t("node.seen", { when: format().ago(node.last_seen_at) })}</Aside>
            </>
          ) : (
            <Aside>{t("node.none")}</Aside>
          )
        }
      </Fetched>
    </Glance>
  );
}

/** What the administrator of a hospital answers for. */
export default function HospitalGlances() {
  return (
    <>
      <PlansGlance />
      <BudgetGlance />
      <NodeGlance />
    </>
  );
}
