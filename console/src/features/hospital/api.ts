import { queryOptions } from "@tanstack/react-query";

import type { BudgetFields, RuleFields } from "../../api-client/schema";
import { budgetQuery } from "../../components/privacy/budget";
import { api, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";
import { queries } from "../../lib/query";

/** All that left, or what left for one run. */
export const departuresQuery = (run?: string) =>
  pagesQuery(["egress", run], (cursor, signal) => taken(api.GET("/api/egress", { params: { query: { run, cursor } }, signal })));

export const chargesQuery = pagesQuery(["privacy", "ledger"], (cursor, signal) =>
  taken(api.GET("/api/privacy/ledger", { params: { query: { cursor } }, signal })),
);

export const rulesQuery = queryOptions({
  queryKey: ["plans", "rules"],
  queryFn: ({ signal }) => taken(api.GET("/api/plans/rules", { signal })),
});

export async function setBudget(budget: BudgetFields) {
  queries.setQueryData(budgetQuery.queryKey, await taken(api.PUT("/api/privacy/budget", { body: budget })));
}

export async function setRule({ task, rule }: { task: string; rule: RuleFields }) {
  await api.PUT("/api/plans/rules/{task}", { params: { path: { task } }, body: rule });
  await queries.invalidateQueries({ queryKey: rulesQuery.queryKey });
}

export async function dropRule(task: string) {
  await api.DELETE("/api/plans/rules/{task}", { params: { path: { task } } });
  await queries.invalidateQueries({ queryKey: rulesQuery.queryKey });
}
