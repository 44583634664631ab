import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { NewSchedule, Recipe, Run, Trigger } from "../../api-client/schema";
import { api, taken } from "../../lib/api";

const AT_ONCE = 25;
const LOOK_AGAIN_MS = 5_000;

export interface RunFilter {
  task?: string | undefined;
  status?: Run["status"] | undefined;
}

export const runsQuery = (filter: RunFilter) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      taken(api.GET("/api/training/runs", { params: { query: { ...filter, cursor: pageParam, limit: AT_ONCE } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: LOOK_AGAIN_MS,
  });

export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ["runs", "one", run],
    queryFn: ({ signal }) => taken(api.GET("/api/training/runs/{run_id}", { params: { path: { run_id: run } }, signal })),
  });

export const planOfRunQuery = (hash: string) =>
  queryOptions({
    queryKey: ["plans", "one", hash],
    queryFn: ({ signal }) => taken(api.GET("/api/plans/{plan_hash}", { params: { path: { plan_hash: hash } }, signal })),
    staleTime: Infinity,
  });

/** The version that a run ended in, as far as this gateway has it. */
export const versionOfRunQuery = ({ task, version }: Pick<Run, "task" | "version">) =>
  queryOptions({
    queryKey: ["models", "of run", task, version],
    queryFn: ({ signal }) => taken(api.GET("/api/models", { params: { query: { task, limit: 200 } }, signal })),
    select: ({ items }) => items.find((each) => each.version === version) ?? null,
    enabled: version !== null,
  });

export const schedulesQuery = queryOptions({
  queryKey: ["schedules"],
  queryFn: ({ signal }) => taken(api.GET("/api/training/schedules", { signal })),
});

export function startRun(recipe: Recipe) {
  return taken(api.POST("/api/training/runs", { body: recipe }));
}

export function stopRun(run: string) {
  return taken(api.POST("/api/training/runs/{run_id}/stop", { params: { path: { run_id: run } } }));
}

export function addSchedule(body: NewSchedule) {
  return taken(api.POST("/api/training/schedules", { body }));
}

export function changeSchedule(id: number, body: Trigger) {
  return taken(api.PUT("/api/training/schedules/{schedule_id}", { params: { path: { schedule_id: id } }, body }));
}

export function deleteSchedule(id: number) {
  return taken(api.DELETE("/api/training/schedules/{schedule_id}", { params: { path: { schedule_id: id } } }));
}
