import { useTranslation } from "react-i18next";

import { NodesPanel } from "../../components/NodesPanel";

export function Nodes() {
  const { t } = useTranslation("consortium");
  return <NodesPanel title={t("nodes.title")} hint={t("nodes.hint")} />;
}
