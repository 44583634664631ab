import { useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "../../components/Page";
import { PartTabs } from "../../components/PartTabs";
import { Workers } from "../../components/people/Workers";
import { useMe } from "../../lib/session";
import { Departures } from "./Departures";
import { NodeState } from "./NodeState";
import { PrivacyBudget } from "./PrivacyBudget";
import { Rules } from "./Rules";
import { PARTS, type Part } from "./search";

const SHOWN: Record<Part, () => React.ReactNode> = {
  left: Departures,
  privacy: PrivacyBudget,
  rules: Rules,
  node: NodeState,
  people: Workers,
};

/** What a hospital's administrator answers for. */
export function HospitalPage() {
  const { t } = useTranslation("hospital");
  const me = useMe();
  const { part = "left" } = useSearch({ from: "/inside/hospital" });
  const Shown = SHOWN[part];
  return (
    <Page title={me.institution ?? t("title")} lead={t("lead")}>
      <PartTabs
        label={t("parts.label")}
        to="/hospital"
        parts={PARTS.map((each) => ({ part: each, name: t(`parts.${each}`) }))}
        shown={part}
      >
        <Shown />
      </PartTabs>
    </Page>
  );
}
