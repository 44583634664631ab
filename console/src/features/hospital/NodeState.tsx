import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { NodeTable } from "../../components/NodeTable";
import { Panel } from "../../components/Panel";
import { nodeQuery } from "./api";

/** This hospital's node, as the coordinator last saw it. */
export function NodeState() {
  const { t } = useTranslation("hospital");
  const nodes = useQuery(nodeQuery);
  return (
    <Panel title={t("node.title")} hint={t("node.hint")}>
      <Fetched query={nodes}>{({ items }) => <NodeTable nodes={items} />}</Fetched>
    </Panel>
  );
}
