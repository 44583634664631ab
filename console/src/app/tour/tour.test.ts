import { beforeEach, describe, expect, it } from "vitest";

import german from "../../messages/tour/de.json";
import english from "../../messages/tour/en.json";
import { markSeen, stepAfter, stepsOf, wasSeen } from "./tour";

const ROLES = ["nurse", "doctor", "admin", "consortium"] as const;

describe("the tour", () => {
  beforeEach(() => localStorage.clear());

  it.each(ROLES)("is short for a %s, and says every step in each language", (role) => {
    const steps = stepsOf(role);
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(steps.length).toBeLessThanOrEqual(6);
    for (const { key } of steps) {
      expect(english.steps).toHaveProperty(key);
      expect(german.steps).toHaveProperty(key);
    }
  });

  it("is seen once for each role, and names nobody", () => {
    expect(wasSeen("nurse")).toBe(false);
    markSeen("nurse");
    expect([wasSeen("nurse"), wasSeen("admin")]).toEqual([true, false]);
    expect(Object.entries(localStorage)).toEqual([["fedcare.tour.nurse", "seen"]]);
  });

  it("goes on by the arrows and ends at both ends", () => {
    expect(stepAfter("ArrowRight", 0, 3)).toBe(1);
    expect(stepAfter("ArrowRight", 2, 3)).toBe(2);
    expect(stepAfter("ArrowLeft", 0, 3)).toBe(0);
    expect(stepAfter("a", 1, 3)).toBe(1);
  });
});
