import { useTranslation } from "react-i18next";

import type { Plan } from "../../api-client/schema";
import { Status } from "../../components/Status";
import { useMe } from "../../lib/session";

/** What was decided about a plan: by one's own hospital, or for the consortium by how many. */
export function DecisionStatus({ plan }: { plan: Plan }) {
  const { t } = useTranslation("plans");
  const { role } = useMe();
  const approved = plan.decisions.filter((each) => each.approved).length;
  const refused = plan.decisions.length - approved;
  if (role === "consortium") {
    const tone = refused > 0 ? "warning" : approved > 0 ? "success" : "default";
    return <Status label={t("decided", { approved, refused })} tone={tone} />;
  }
  if (approved > 0) return <Status label={t("state.approved")} tone="success" />;
  if (refused > 0) return <Status label={t("state.refused")} tone="error" />;
  return <Status label={t("state.open")} tone="warning" />;
}
