import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { Plan, PlanDetails, Recipe } from "../../api-client/schema";
import { api, Problem, taken } from "../../lib/api";

const AT_ONCE = 50;

export const plansQuery = (task: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["plans", "list", task ?? null],
    queryFn: ({ pageParam, signal }) =>
      taken(api.GET("/api/plans", { params: { query: { task, cursor: pageParam, limit: AT_ONCE } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const planQuery = (hash: string) =>
  queryOptions({
    queryKey: ["plans", "one", hash],
    queryFn: ({ signal }) => taken(api.GET("/api/plans/{plan_hash}", { params: { path: { plan_hash: hash } }, signal })),
  });

/** The plan of the same task that was approved last before this one was looked at; null where there is none. */
export const lastApprovedQuery = (plan: Pick<Plan, "hash" | "task">) =>
  queryOptions({
    queryKey: ["plans", "before", plan.hash],
    queryFn: async ({ signal }): Promise<PlanDetails | null> => {
      const query = { task: plan.task, limit: 200 };
      const page = await taken(api.GET("/api/plans", { params: { query }, signal }));
      const before = lastApproved(page.items, plan.hash);
      if (!before) return null;
      return taken(api.GET("/api/plans/{plan_hash}", { params: { path: { plan_hash: before.hash } }, signal }));
    },
  });

/** The other plan with the newest approval. */
export function lastApproved(plans: readonly Plan[], hash: string): Plan | null {
  const approvals = plans
    .filter((plan) => plan.hash !== hash)
    .flatMap((plan) => plan.decisions.filter((each) => each.approved).map((each) => ({ plan, at: each.decided_at })));
  return approvals.reduce<(typeof approvals)[number] | null>((last, each) => (last && last.at >= each.at ? last : each), null)
    ?.plan ?? null;
}

export const forecastQuery = (hash: string) =>
  queryOptions({
    queryKey: ["plans", "forecast", hash],
    queryFn: ({ signal }) =>
      taken(api.GET("/api/privacy/plans/{plan_hash}", { params: { path: { plan_hash: hash } }, signal })),
    // Composing takes the server seconds, and what it composed of is told again where that has changed.
    staleTime: 60_000,
    retry: (count, error) => !(error instanceof Problem && error.status < 500) && count < 2,
  });

export interface Verdict {
  hash: string;
  approve: boolean;
  reason: string;
}

export function decide({ hash, approve, reason }: Verdict): Promise<PlanDetails> {
  const asked = { params: { path: { plan_hash: hash } }, body: { reason: reason.trim() || null } };
  return taken(
    approve ? api.POST("/api/plans/{plan_hash}/approve", asked) : api.POST("/api/plans/{plan_hash}/refuse", asked),
  );
}

export function startRun(hash: string) {
  return taken(api.POST("/api/training/runs", { body: { plan_hash: hash } }));
}

export function propose(recipe: Recipe): Promise<PlanDetails> {
  return taken(api.POST("/api/plans", { body: recipe }));
}
