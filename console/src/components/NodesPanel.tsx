import { useQuery } from "@tanstack/react-query";

import { Fetched } from "./Fetched";
import { nodesQuery } from "./nodes";
import { NodeTable } from "./NodeTable";
import { Panel } from "./Panel";

/** The nodes that one may see, as the coordinator last saw them. */
export function NodesPanel({ title, hint }: { title: string; hint: string }) {
  const nodes = useQuery(nodesQuery);
  return (
    <Panel title={title} hint={hint}>
      <Fetched query={nodes}>{({ items }) => <NodeTable nodes={items} />}</Fetched>
    </Panel>
  );
}
