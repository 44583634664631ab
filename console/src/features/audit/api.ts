import { queryOptions } from "@tanstack/react-query";

import { api, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";

export const entriesQuery = pagesQuery(["audit"], (cursor, signal) =>
  taken(api.GET("/api/audit", { params: { query: { cursor } }, signal })),
);

/** Reads the whole chain, so it is asked for, not fetched with the page. */
export const verificationQuery = queryOptions({
  queryKey: ["audit", "verification"],
  queryFn: ({ signal }) => taken(api.GET("/api/audit/verify", { signal })),
  enabled: false,
  gcTime: 0,
});
