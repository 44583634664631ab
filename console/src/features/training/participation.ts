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

/** What is asked before the first round: whether a node agrees to the plan, and what its records are like. */
export const START = 0;

/** Without what came before the first round. */
export function roundsAlone({ rounds, rows }: Matrix): Matrix {
  const within = <T>(cells: readonly T[]) => cells.filter((_, place) => rounds[place] !== START);
  return { rounds: within(rounds), rows: rows.map((row) => ({ ...row, parts: within(row.parts) })) };
}

export interface Missing {
  round: number;
  institutions: string[];
  reason: string;
}

/** Every answer that is missing, the newest round first; those of a round that have the same reason together. */
export function missingOf({ rounds, rows }: Matrix): Missing[] {
  const found = new Map<string, Missing>();
  rounds.forEach((round, place) => {
    for (const { institution, parts } of rows) {
      const reason = parts[place]?.reason;
      if (!reason) continue;
      const key = `${round} ${reason}`;
      const same = found.get(key) ?? { round, institutions: [], reason };
      same.institutions.push(institution);
      found.set(key, same);
    }
  });
  return [...found.values()].reverse();
}

export function matrix(rounds: readonly Round[], live: Live, running: boolean): Matrix {
  const known = new Map(rounds.map((round) => [round.round, round]));
  const numbers = [...new Set([...known.keys(), ...live.asked.keys(), ...live.failed.keys()])].sort((one, other) => one - other);
  const names = new Set([...live.asked.values()].flat());
  for (const missing of live.failed.values()) for (const institution of missing.keys()) names.add(institution);
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
  if (number === START) return { state: everAsked(institution, live) ? "took" : "not", reason: null };
  if (asked && !asked.includes(institution)) return { state: "not", reason: null };
  if (own) return { state: "took", reason: null };
  if (!asked) return { state: "not", reason: null };
  if (!round) return { state: running ? "training" : "asked", reason: null };
  // Another hospital's answer may have been dropped for a reason that is its own matter.
  const all = round.dropped === (live.failed.get(number)?.size ?? 0);
  return { state: all ? "took" : "asked", reason: null };
}

/** Who had refused before the first round is asked in none. */
const everAsked = (institution: string, live: Live) => [...live.asked.values()].some((asked) => asked.includes(institution));

export function missing(reason: string): State {
  return WORDS.find(([words]) => words.test(reason))?.[1] ?? "dropped";
}
