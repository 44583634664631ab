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
  private: { "local.epochs": "10" },
};

describe("the task that a form begins with", () => {
  const others = [{ ...TASK, name: "breast-cancer" }, TASK, { ...TASK, name: "diabetes" }];

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
    expect(recipeOf(draftOf(TASK), TASK)).toEqual({ task: "insurance-cost", rounds: 30, seed: 42, settings: {} });
  });

  it("brings the task's own settings along with differential privacy", () => {
    const recipe = recipeOf({ ...draftOf(TASK), private: true, epsilon: "4", secure: true, strategy: "median" }, TASK);
    expect(recipe.settings).toEqual({
      "strategy.name": "median",
      "privacy.dp.enabled": true,
      "privacy.dp.epsilon": 4,
      "local.epochs": "10",
      "privacy.secure.enabled": true,
    });
  });

  it("lets a further setting win, and names lines that are none", () => {
    const more = "local.epochs = 3\n\nwhat is this";
    const recipe = recipeOf({ ...draftOf(TASK), private: true, epsilon: "4", more }, TASK);
    expect(recipe.settings?.["local.epochs"]).toBe("3");
    expect(wrongLines(more)).toEqual(["what is this"]);
  });
});
