import { describe, expect, it } from "vitest";

import type { Round } from "../../api-client/schema";
import type { RunEvent } from "../../lib/events";
import { advance, currentRound, NOTHING, together } from "./progress";

const at = "2026-11-22T08:00:00Z";
const event = (id: number, kind: string, data: Record<string, unknown>): RunEvent => ({ id, kind, data: { at, ...data } });
const round = (number: number, more: Partial<Round> = {}) => ({ round: number, metrics: {}, institutions: [], ...more }) as unknown as Round;

const BEGUN = [
  event(1, "run", { status: "queued" }),
  event(2, "run", { status: "in_progress" }),
  event(3, "note", { about: "round", round: 1, institutions: ["A", "B"], text: "round 1: A, B train" }),
];

describe("a run by its events", () => {
  it("knows its status and who was asked", () => {
    const live = advance(NOTHING, BEGUN);
    expect([live.status, live.asked.get(1), live.last]).toEqual(["in_progress", ["A", "B"], 3]);
    expect(live.lines.map(({ kind }) => kind)).toEqual(["run", "run", "note"]);
  });

  it("counts each event once, however often a stream that broke tells it again", () => {
    const live = advance(NOTHING, BEGUN);
    expect(advance(live, BEGUN)).toEqual(live);
    expect(advance(live, [...BEGUN, event(4, "metrics", { round: 1, institutions: 2 })]).figures).toBe(1);
  });

  it("remembers why each answer of a round is missing", () => {
    const late = event(4, "note", { about: "dropped", round: 1, institution: "B", reason: "no answer within 60 s" });
    const refused = event(5, "note", { about: "dropped", round: 1, institution: "A", reason: "refused: not approved" });
    const live = advance(NOTHING, [...BEGUN, late, refused]);
    expect([...(live.failed.get(1) ?? [])]).toEqual([
      ["B", "no answer within 60 s"],
      ["A", "refused: not approved"],
    ]);
  });

  it("takes notes of an older server, which name nobody, as lines alone", () => {
    const live = advance(NOTHING, [event(1, "note", { about: "dropped", institution: "B", text: "B: gone" })]);
    expect([live.failed.size, live.lines.length]).toEqual([0, 1]);
  });

  it("shows a round as soon as it is told, and the server's answer about it once that is there", () => {
    const live = advance(NOTHING, [...BEGUN, event(4, "round", { round: 1, status: "completed", metrics: { r2: 0.5 } })]);
    expect(together([], live)[0]?.metrics).toEqual({ r2: 0.5 });
    const answered = round(1, { clients_participated: 2 });
    expect(together([answered], live)).toEqual([answered]);
  });

  it("puts rounds in order and knows which one is worked on", () => {
    const live = advance(NOTHING, [...BEGUN, event(4, "note", { about: "round", round: 3, institutions: ["A"] })]);
    const rounds = together([round(2), round(1)], live);
    expect(rounds.map((each) => each.round)).toEqual([1, 2]);
    expect(currentRound(rounds, live)).toBe(3);
    expect(currentRound([], NOTHING)).toBe(0);
  });
});
