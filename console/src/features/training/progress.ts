/** A run as its events tell it: what the page shows between two answers of the server about the whole run. */
import type { Round, Run } from "../../api-client/schema";
import type { RunEvent } from "../../lib/events";

export const KINDS = ["run", "round", "metrics", "note"] as const;
export const ENDED: readonly string[] = ["completed", "failed", "stopped"] satisfies Run["status"][];

export interface Line {
  id: number;
  at: string;
  kind: "run" | "round" | "note";
  data: Readonly<Record<string, unknown>>;
}

export interface Live {
  /** The last event that was taken. */
  last: number;
  status: Run["status"] | null;
  rounds: ReadonlyMap<number, Round>;
  /** Who was asked to train, by round. */
  asked: ReadonlyMap<number, readonly string[]>;
  /** Why an institution's answer is missing, by round and name. */
  failed: ReadonlyMap<number, ReadonlyMap<string, string>>;
  /** How often the institutions' own figures came: they are no part of the events and have to be asked for. */
  figures: number;
  lines: readonly Line[];
}

export const NOTHING: Live = {
  last: 0,
  status: null,
  rounds: new Map(),
  asked: new Map(),
  failed: new Map(),
  figures: 0,
  lines: [],
};

/** What is known after some more events; those that were taken before count once. */
export function advance(live: Live, events: readonly RunEvent[]): Live {
  return events.filter(({ id }) => id > live.last).reduce(take, live);
}

function take(live: Live, { id, kind, data }: RunEvent): Live {
  const now = { ...live, last: id };
  if (kind === "metrics") return { ...now, figures: live.figures + 1 };
  if (kind !== "run" && kind !== "round" && kind !== "note") return now;
  const said: Live = { ...now, lines: [...live.lines, { id, kind, data, at: String(data.at) }] };
  if (kind === "run") return { ...said, status: data.status as Run["status"] };
  if (kind === "round") return { ...said, rounds: new Map([...live.rounds, [Number(data.round), roundOf(data)]]) };
  return { ...said, ...noted(live, data) };
}

/** What a note says beside its text. */
function noted(live: Live, data: RunEvent["data"]): Partial<Live> {
  const round = Number(data.round);
  if (data.about === "round" && Array.isArray(data.institutions)) {
    return { asked: new Map([...live.asked, [round, data.institutions.map(String)]]) };
  }
  if (data.about === "dropped" && Number.isInteger(round) && typeof data.reason === "string") {
    const others = live.failed.get(round) ?? [];
    return { failed: new Map([...live.failed, [round, new Map([...others, [String(data.institution), data.reason]])]]) };
  }
  return {};
}

/** A round's event has the fields of the answer about it, but for the institutions' own figures. */
function roundOf(data: RunEvent["data"]): Round {
  const { at, ...told } = data;
  const when = { started_at: String(at), completed_at: String(at) };
  return { run_id: "", institutions: [], ...when, ...told } as unknown as Round;
}

/** The rounds in their order: as the server answered, and those that came since. */
export function together(history: readonly Round[], live: Live): Round[] {
  const rounds = new Map([...live.rounds, ...history.map((round): [number, Round] => [round.round, round])]);
  return [...rounds.values()].sort((one, other) => one.round - other.round);
}

/** The round that is worked on, or the last that was; 0 before the first. */
export function currentRound(rounds: readonly Round[], live: Live): number {
  return Math.max(0, ...live.asked.keys(), ...rounds.map(({ round }) => round));
}
