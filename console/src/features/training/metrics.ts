/** Which figures are shown, in which order. */
import type { Round } from "../../api-client/schema";

/** What decides and what everybody asks for first; the others follow. */
const FIRST = ["loss", "r2", "accuracy", "auc", "mae", "mse", "sensitivity", "specificity", "brier"];
/** Drawn beside the loss on validation rows. */
export const TRAIN_LOSS = "train_loss";

/** The names of the figures that any of the rounds has. */
export function figuresOf(rounds: readonly Round[]): string[] {
  const names = new Set(rounds.flatMap(({ metrics }) => Object.keys(metrics)));
  // A private run trains without telling how: its loss is only known where somebody judged.
  if (names.delete(TRAIN_LOSS)) names.add("loss");
  const known = FIRST.filter((name) => names.has(name));
  return [...known, ...[...names].filter((name) => !FIRST.includes(name)).sort()];
}

export function valuesOf(rounds: readonly Round[], name: string): (number | null)[] {
  return rounds.map(({ metrics }) => metrics[name] ?? null);
}

/** One institution's own values, as far as one may see them. */
export function ownValues(rounds: readonly Round[], institution: string, name: string): (number | null)[] {
  return rounds.map((round) => round.institutions.find((own) => own.institution === institution)?.metrics[name] ?? null);
}

/** The institutions that have a figure of their own in any round. */
export function institutionsWith(rounds: readonly Round[], name: string): string[] {
  const own = rounds.flatMap(({ institutions }) => institutions).filter(({ metrics }) => metrics[name] !== undefined);
  return [...new Set(own.map(({ institution }) => institution))].sort();
}

/** The last round that stands. */
export function lastStanding(rounds: readonly Round[]): Round | undefined {
  return rounds.findLast(({ status }) => status === "completed");
}
