import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { NodeTable } from "../../components/NodeTable";
import { Panel } from "../../components/Panel";
import { nodesQuery } from "./api";

export function Nodes() {
  const { t } = useTranslation("consortium");
  const nodes = useQuery(nodesQuery);
  return (
    <Panel title={t("nodes.title")} hint={t("nodes.hint")}>
      <Fetched query={nodes}>{({ items }) => <NodeTable nodes={items} />}</Fetched>
    </Panel>
  );
}
