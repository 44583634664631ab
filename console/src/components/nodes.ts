import { queryOptions } from "@tanstack/react-query";

import { api, taken } from "../lib/api";

/** The nodes that one may see: all of them for the consortium, one's own hospital's otherwise. */
export const nodesQuery = queryOptions({
  queryKey: ["clients"],
  queryFn: ({ signal }) => taken(api.GET("/api/clients", { signal })),
  refetchInterval: 10_000,
});
