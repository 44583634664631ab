/** Who took part in which round, from the server's answer where one may see it, else from what every watcher is told. */
import type { Round } from "../../api-client/schema";
import type { Live } from "./progress";

export const STATES = ["took", "training", "late", "away", "refused", "dropped", "asked", "not"] as const;
export type State = (typeof STATES)[number];

export interface Part {
  state: State;
  /** Why an answer did not count. */
  reason: string | null;
}

export interface Matrix {
  rounds: readonly number[];
  rows: readonly { institution: string; parts: readonly Part[] }[];
}

/** How an answer is missing, by the words of the coordinator and the node. */
const WORDS: readonly [RegExp, State][] = [
  [/^not connected/, "away"],
  [/^no answer within/, "late"],
  [/^refused|privacy budget does not allow/, "refused"],
];

export function matrix(rounds: readonly Round[], live: Live, running: boolean): Matrix {
  const known = new Map(rounds.map((round) => [round.round, round]));
  const numbers = [...new Set([...known.keys(), ...live.asked.keys()])].sort((one, other) => one - other);
  const names = new Set([...live.asked.values()].flat());
  for (const round of rounds) for (const own of round.institutions) names.add(own.institution);
  const rows = [...names].sort().map((institution) => ({
    institution,
    parts: numbers.map((number) => part(institution, number, known.get(number), live, running)),
  }));
  return { rounds: numbers, rows };
}

function part(institution: string, number: number, round: Round | undefined, live: Live, running: boolean): Part {
  const asked = live.asked.get(number);
  const own = round?.institutions.find((each) => each.institution === institution);
  const reason = own ? own.dropped : (live.failed.get(number)?.get(institution) ?? null);
  if (reason !== null) return { state: missing(reason), reason };
  if (asked && !asked.includes(institution)) return { state: "not", reason: null };
  if (own) return { state: "took", reason: null };
  if (!asked) return { state: "not", reason: null };
  if (!round) return { state: running ? "training" : "asked", reason: null };
  // Another hospital's answer may have been dropped for a reason that is its own matter.
  const all = round.dropped === (live.failed.get(number)?.size ?? 0);
  return { state: all ? "took" : "asked", reason: null };
}

export function missing(reason: string): State {
  return WORDS.find(([words]) => words.test(reason))?.[1] ?? "dropped";
}
