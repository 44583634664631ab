import { expect, it } from "vitest";

import { quorumOf } from "./failure";

const HEAD = "Round 0: 0 usable answers where the plan asks for 2. ";

it("who is missing for the same reason stands together, however many parts the reason has", () => {
  const refused = "refused: plan 5f70: it has not been approved here; an administrator approves it";
  const told = quorumOf(`${HEAD}A: ${refused}; B (x): no answer within 60 s; C: ${refused}`, ["A", "B (x)", "C"]);
  expect(told).toEqual({
    round: 0,
    usable: "0",
    needed: "2",
    causes: [
      { institutions: ["A", "C"], reason: refused },
      { institutions: ["B (x)"], reason: "no answer within 60 s" },
    ],
  });
});

it("another failure, and one of hospitals that nobody knows, are left as they are", () => {
  expect(quorumOf("the disk is full", ["A"])).toBeNull();
  expect(quorumOf(`${HEAD}A: no`, [])).toBeNull();
  expect(quorumOf(`${HEAD}A: no`, ["B"])).toBeNull();
});
