import { expect, it } from "vitest";

import { figuresOf, gain, shownOf } from "./figures";

it("a smaller error is a gain, and so is a larger share", () => {
  expect(gain("mae", 2_000, 2_500)).toBe(500);
  expect(gain("auc", 0.9, 0.95)).toBeCloseTo(-0.05);
});

it("figures that are missing or no numbers are left out, not shown as nought", () => {
  const found = figuresOf({ metrics: { auc: 0.9, mae: null, confusion: [[1]] }, institutions: { A: { auc: 0.8 }, B: null } });
  expect(found).toEqual({ pooled: { auc: 0.9 }, institutions: { A: { auc: 0.8 }, B: {} }, judgedOn: null });
  expect(shownOf(found)).toEqual(["auc"]);
  expect(figuresOf({})).toEqual({ pooled: {}, institutions: {}, judgedOn: null });
});
