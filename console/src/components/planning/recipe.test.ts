import { describe, expect, it } from "vitest";

import type { KnownTask } from "../../api-client/schema";
import { draftOf, firstOf, recipeOf, wrongLines } from "./recipe";

const TASK: KnownTask = {
  name: "insurance-cost",
  title: "Charges",
  records: "table",
  kind: "regression",
  metric: "r2",
  rounds: 30,
  strategy: "fedavg",
};

describe("the task that a form begins with", () => {
  const others = [{ ...TASK, name: "breast-cancer" }, TASK, { ...TASK, name: "diabetes" }];

  it("an epsilon is read as it is typed, and what is none is never taken for a run without privacy", () => {
    const epsilon = (text: string) => recipeOf({ ...draftOf(TASK), private: true, epsilon: text }, TASK, ",").private;
    expect([epsilon("1,5"), epsilon("much")]).toEqual([1.5, -1]);
  });

  it("is the one that hospitals have most records for", () => {
    const nodes = [{ records: { diabetes: 50, "insurance-cost": 40 } }, { records: { diabetes: 0, "insurance-cost": 30 } }];
    expect(firstOf(others, nodes)?.name).toBe("insurance-cost");
    expect(firstOf(others, [{ records: { diabetes: 5 } }])?.name).toBe("diabetes");
  });

  it("needs no records where nobody has told of any", () => {
    expect(firstOf(others, [])?.name).toBe("insurance-cost");
    expect(firstOf(others.slice(0, 1), [])?.name).toBe("breast-cancer");
    expect(firstOf([], [])).toBeUndefined();
  });
});

describe("a recipe", () => {
  it("sends nothing that the task says already", () => {
    expect(recipeOf(draftOf(TASK), TASK, ".")).toEqual({ task: "insurance-cost", rounds: 30, seed: 42, settings: {} });
  });

  it("names the protections that are wanted, and leaves to the server what they stand for", () => {
    const recipe = recipeOf({ ...draftOf(TASK), private: true, epsilon: "4", robust: true, strategy: "median" }, TASK, ".");
    expect(recipe).toMatchObject({ private: 4, robust: true, settings: { "strategy.name": "median" } });
    expect(recipe).not.toHaveProperty("secure");
  });

  it("takes further settings along, and names lines that are none", () => {
    const more = "local.epochs = 3\n\nwhat is this";
    const recipe = recipeOf({ ...draftOf(TASK), more }, TASK, ".");
    expect(recipe.settings?.["local.epochs"]).toBe("3");
    expect(wrongLines(more)).toEqual(["what is this"]);
  });
});
