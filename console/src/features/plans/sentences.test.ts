import { describe, expect, it } from "vitest";

import { formatFor } from "../../lib/format";
import { sentences } from "./sentences";

const format = formatFor("en-GB");
const PLAN = {
  task: {
    title: "Yearly charges",
    metric: "r2",
    records: {
      kind: "table",
      target: { name: "charges" },
      numeric: [{ name: "age" }, { name: "bmi" }],
      categorical: [{ name: "smoker" }],
    },
  },
  rounds: { rounds: 10, fraction_train: 1, min_per_round: 2, deadline: 60 },
  local: { epochs: 5 },
  strategy: { name: "fedavg" },
  privacy: { dp: { enabled: false }, secure: { enabled: false, least: 3 } },
  defence: { norm_bound: null, acceptance: null },
  compression: { method: "none" },
  gate: { tolerance: 0.02 },
};

const keys = (plan: unknown) => sentences(plan, format).map((each) => each.key);
const found = (plan: unknown, key: string) => sentences(plan, format).find((each) => each.key === key);

describe("a plan in sentences", () => {
  it("names what is learned and from which values", () => {
    expect(found(PLAN, "goal")?.values).toEqual({ title: "Yearly charges", target: "charges" });
    expect(found(PLAN, "fromTable")?.values).toEqual({ count: 3, names: "age, bmi, smoker" });
  });

  it("says which protections are missing", () => {
    const missing = sentences(PLAN, format).filter((each) => each.tone === "missing");
    expect(missing.map((each) => each.key)).toEqual(["notPrivate", "notMasked", "notRobust"]);
    expect(keys(PLAN)).toContain("update");
    expect(keys(PLAN)).toContain("figures");
  });

  it("says what a private and masked plan promises and what no longer leaves", () => {
    const dp = { enabled: true, epsilon: 4, delta: 1e-5, evaluation: "none" };
    const plan = { ...PLAN, privacy: { dp, secure: { enabled: true, method: "masks", least: 3 } } };
    expect(found(plan, "private")?.values).toEqual({ epsilon: "4", delta: "0.00001" });
    expect(found(plan, "maskedUpdate")?.values).toEqual({ least: 3 });
    expect(keys(plan)).toEqual(expect.arrayContaining(["noisyCount", "noFigures", "masked", "lastRound"]));
    expect(keys(plan)).not.toEqual(expect.arrayContaining(["statistics"]));
  });

  it("tells where each strategy that stands up to a liar does so", () => {
    expect(keys({ ...PLAN, strategy: { name: "krum" } })).toEqual(expect.arrayContaining(["joinedRobustly", "robust"]));
    expect(keys({ ...PLAN, defence: { norm_bound: 2, acceptance: 0.05 } })).not.toContain("notRobust");
  });

  it("reads a plan of another version as far as it knows it", () => {
    expect(() => sentences({ rounds: "many" }, format)).not.toThrow();
  });
});
