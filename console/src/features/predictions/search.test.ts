import { expect, test } from "vitest";

import { historySearch, momentsOf, predictSearch } from "./search";

const ID = "0199f3a1-7c2b-7d44-9b1e-2f6a5c3d4e5f";

test("an address holds a task, a patient's id and nothing that is typed", () => {
  expect(predictSearch({ task: "insurance-cost", patient: ID, by: "file", age: 44 })).toEqual({
    task: "insurance-cost", patient: ID, by: "file",
  });
  expect(predictSearch({ task: "../x", patient: "Ada Noor", by: "hand" })).toEqual({});
});

test("filters survive the address, and what is none is dropped", () => {
  expect(historySearch({ since: "2026-11-01", until: "2026-13-01", mine: true, cursor: "abc" })).toEqual({
    since: "2026-11-01", mine: true, cursor: "abc",
  });
});

test("both days count in full", () => {
  const { since, until } = momentsOf({ since: "2026-11-22", until: "2026-11-22" });
  expect(Date.parse(until ?? "") - Date.parse(since ?? "")).toBe(24 * 3600 * 1000);
  expect(momentsOf({})).toEqual({});
});
