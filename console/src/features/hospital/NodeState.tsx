import { useTranslation } from "react-i18next";

import { NodesPanel } from "../../components/NodesPanel";

export function NodeState() {
  const { t } = useTranslation("hospital");
  return <NodesPanel title={t("node.title")} hint={t("node.hint")} />;
}
