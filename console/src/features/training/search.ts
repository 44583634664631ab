/** What the addresses of these pages hold. */
import type { Run } from "../../api-client/schema";
import type { RunFilter } from "./api";

export const RUN_STATUSES = [
  "queued",
  "started",
  "in_progress",
  "completed",
  "failed",
  "stopped",
] as const satisfies readonly Run["status"][];
/** More runs beside each other cannot be read. */
export const MOST_COMPARED = 4;

export function runFilterOf(search: Record<string, unknown>): RunFilter {
  const status = RUN_STATUSES.find((each) => each === search.status);
  return { ...(typeof search.task === "string" ? { task: search.task } : {}), ...(status ? { status } : {}) };
}

export function comparedOf(search: Record<string, unknown>): { runs: string[] } {
  const runs = Array.isArray(search.runs) ? search.runs.filter((run): run is string => typeof run === "string") : [];
  return { runs: [...new Set(runs)].slice(0, MOST_COMPARED) };
}
