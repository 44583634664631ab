import { describe, expect, it } from "vitest";

import type { OwnFigures, Round } from "../../api-client/schema";
import { matrix, missing, missingOf, roundsAlone } from "./participation";
import { NOTHING, type Live } from "./progress";

const own = (institution: string, dropped: string | null = null) =>
  ({ institution, examples: 10, metrics: {}, dropped }) as unknown as OwnFigures;
const round = (number: number, institutions: OwnFigures[], dropped = 0) =>
  ({ round: number, institutions, dropped }) as unknown as Round;
const asking = (...asked: [number, string[]][]): Live => ({ ...NOTHING, asked: new Map(asked) });

const states = (rounds: Round[], live: Live, running = true) =>
  Object.fromEntries(matrix(rounds, live, running).rows.map((row) => [row.institution, row.parts.map(({ state }) => state)]));

describe("who took part", () => {
  it("tells the ways an answer is missing apart", () => {
    expect(missing("not connected, no answer within 60 s")).toBe("away");
    expect(missing("no answer within 60 s")).toBe("late");
    expect(missing("refused: the plan is not approved")).toBe("refused");
    expect(missing("weights hold NaN or infinity")).toBe("dropped");
  });

  it("reads what the server answers where one may see it", () => {
    const rounds = [round(1, [own("A"), own("B", "no answer within 60 s")])];
    expect(states(rounds, asking([1, ["A", "B"]], [2, ["A"]]))).toEqual({ A: ["took", "training"], B: ["late", "not"] });
  });

  it("knows of other hospitals what every watcher is told, and no more", () => {
    const failed = new Map([[1, new Map([["B", "refused: no"]])]]);
    const live = { ...asking([1, ["A", "B", "C"]]), failed };
    expect(states([round(1, [own("A")], 1)], live)).toEqual({ A: ["took"], B: ["refused"], C: ["took"] });
    expect(states([round(1, [own("A")], 2)], live).C).toEqual(["asked"]);
  });

  it("shows who refused before the first round, and of a later one that nobody was asked", () => {
    const why = "refused: The privacy budget does not allow it";
    const failed = new Map([[0, new Map([["A", why], ["B", why]])]]);
    const none = matrix([], { ...NOTHING, failed }, false);
    expect(none.rounds).toEqual([0]);
    expect(missingOf(none)).toEqual([{ round: 0, institutions: ["A", "B"], reason: why }]);
    expect(roundsAlone(none).rows.map(({ parts }) => parts)).toEqual([[], []]);
    const went = { ...asking([1, ["B", "C"]]), failed: new Map([[0, new Map([["A", why]])]]) };
    expect(states([], went)).toEqual({ A: ["refused", "not"], B: ["took", "training"], C: ["took", "training"] });
  });

  it("does not say of a run that ended that anybody still trains", () => {
    expect(states([], asking([1, ["A"]]), false)).toEqual({ A: ["asked"] });
  });
});
