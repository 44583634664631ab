import { describe, expect, it } from "vitest";

import type { Plan } from "../../api-client/schema";
import { lastApproved } from "./api";

function plan(hash: string, ...decisions: [approved: boolean, at: string][]): Plan {
  return {
    hash,
    task: "insurance-cost",
    rounds: 10,
    strategy: "fedavg",
    seed: 42,
    proposed_by: null,
    created_at: "2026-11-01T00:00:00Z",
    decisions: decisions.map(([approved, decided_at]) => ({
      institution_id: 1,
      institution: "Hospital A",
      approved,
      reason: null,
      decided_how: "worker",
      decided_at,
    })),
  };
}

describe("the last approved plan", () => {
  it("is the one whose approval is the newest, whenever it was proposed", () => {
    const plans = [plan("new", [true, "2026-11-05T00:00:00Z"]), plan("old", [true, "2026-11-07T00:00:00Z"])];
    expect(lastApproved(plans, "this")?.hash).toBe("old");
  });

  it("is neither the plan itself nor a refused one", () => {
    const plans = [plan("this", [true, "2026-11-09T00:00:00Z"]), plan("no", [false, "2026-11-08T00:00:00Z"]), plan("open")];
    expect(lastApproved(plans, "this")).toBeNull();
  });
});
