import { queryOptions, useQuery } from "@tanstack/react-query";

import type { KnownTask } from "../../api-client/schema";
import { api, taken } from "../../lib/api";

export const tasksQuery = queryOptions({
  queryKey: ["tasks"],
  queryFn: ({ signal }) => taken(api.GET("/api/training/tasks", { signal })),
  staleTime: Infinity,
});

/** The tasks that the server knows; none before it has said so. */
export function useTasks(): readonly KnownTask[] {
  return useQuery(tasksQuery).data?.items ?? [];
}
