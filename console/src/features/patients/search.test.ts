import { expect, test } from "vitest";

import { filtersOf, listingOf } from "./search";

test("an address keeps what makes sense and drops the rest", () => {
  const good = { sort: "age", order: "desc", limit: 100, sex: "female", age_min: 0, cost_max: 10.5, cursor: "k~x" } as const;
  expect(listingOf({ ...good, age_max: 131, cost_min: "5", smoker: "sometimes", colour: "red" })).toEqual(good);
  expect(listingOf({ sort: "bmi", order: "up", limit: 7, age_min: 1.5, region: "" })).toEqual({});
});

test("a region that looks like a number stays a text", () => {
  expect(listingOf({ region: 7 })).toEqual({ region: "7" });
});

test("what was searched for is never taken from an address", () => {
  expect(listingOf({ search: "Müller", words: "Müller" })).toEqual({});
});

test("filters are the listing without its order and its page", () => {
  expect(filtersOf({ sort: "age", order: "desc", limit: 25, cursor: "c", smoker: "yes" })).toEqual({ smoker: "yes" });
});
