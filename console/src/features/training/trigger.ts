/** When a schedule starts runs, as a form holds it. */
import type { Schedule, Trigger } from "../../api-client/schema";

export const USUAL = { nightly: "0 3 * * *", weekly: "0 3 * * 0", monthly: "0 3 1 * *" } as const;
export type Rhythm = keyof typeof USUAL | "cron" | "records";
export const RHYTHMS: readonly Rhythm[] = ["nightly", "weekly", "monthly", "cron", "records"];

export interface TriggerDraft {
  rhythm: Rhythm;
  cron: string;
  records: string;
  /** How many runs it may still start; empty for any number. */
  runs: string;
}

export const WEEKLY: TriggerDraft = { rhythm: "weekly", cron: USUAL.weekly, records: "500", runs: "" };

export function draftOf({ cron, new_records, runs_left }: Schedule): TriggerDraft {
  const runs = runs_left === null ? "" : String(runs_left);
  if (cron === null) return { ...WEEKLY, rhythm: "records", records: String(new_records ?? 1), runs };
  return { ...WEEKLY, rhythm: rhythmOf(cron), cron, runs };
}

/** The rhythm that people have a word for, else the expression itself. */
export function rhythmOf(cron: string): Rhythm {
  const found = Object.entries(USUAL).find(([, usual]) => usual === cron);
  return found ? (found[0] as keyof typeof USUAL) : "cron";
}

export function triggerOf({ rhythm, cron, records, runs }: TriggerDraft, is_enabled = true): Trigger {
  const runs_left = runs === "" ? null : Number(runs);
  if (rhythm === "records") return { new_records: Number(records), cron: null, runs_left, is_enabled };
  return { cron: rhythm === "cron" ? cron : USUAL[rhythm], new_records: null, runs_left, is_enabled };
}
