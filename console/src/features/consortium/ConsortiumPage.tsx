import { useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { PartTabs } from "../../components/PartTabs";
import { Workers } from "../../components/people/Workers";
import { Health } from "./Health";
import { Institutions } from "./Institutions";
import { Nodes } from "./Nodes";
import { PARTS, type Part } from "./search";

const SHOWN: Record<Part, () => React.ReactNode> = {
  institutions: Institutions,
  nodes: Nodes,
  health: Health,
  people: Workers,
};

/** Who takes part, and whether everything runs. */
export function ConsortiumPage() {
  const { t } = useTranslation("consortium");
  const { part = "institutions" } = useSearch({ from: "/inside/consortium" });
  const Shown = SHOWN[part];
  return (
    <Page title={t("title")} lead={t("lead")} actions={<LinkButton to="/training">{t("schedules")}</LinkButton>}>
      <PartTabs
        label={t("parts.label")}
        to="/consortium"
        parts={PARTS.map((each) => ({ part: each, name: t(`parts.${each}`) }))}
        shown={part}
      >
        <Shown />
      </PartTabs>
    </Page>
  );
}
