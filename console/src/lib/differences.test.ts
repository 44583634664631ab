import { describe, expect, it } from "vitest";

import { differences, valueAt } from "./differences";

describe("differences", () => {
  it("finds nothing between equal values, whatever the order of their keys", () => {
    expect(differences({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([]);
  });

  it("names the place, what was there and what is there now", () => {
    const before = { local: { lr: 0.1, epochs: 5 }, seed: 1 };
    const now = { local: { lr: 0.1, epochs: 3 }, seed: 2 };
    expect(differences(before, now)).toEqual([
      { path: "local.epochs", before: 5, now: 3 },
      { path: "seed", before: 1, now: 2 },
    ]);
  });

  it("tells what is new and what is gone, and null from nothing", () => {
    expect(differences({ old: 1, kept: null }, { kept: null, added: false })).toEqual([
      { path: "added", before: undefined, now: false },
      { path: "old", before: 1, now: undefined },
    ]);
  });

  it("takes a list for one value", () => {
    expect(differences({ hidden: [8, 4] }, { hidden: [8] })).toEqual([{ path: "hidden", before: [8, 4], now: [8] }]);
  });
});

describe("valueAt", () => {
  it("reads a dotted place and passes over what is not there", () => {
    expect(valueAt({ a: { b: 0 } }, "a.b")).toBe(0);
    expect(valueAt({ a: [1] }, "a.b.c")).toBeUndefined();
  });
});
