import { expect, test } from "vitest";

import { NOTHING } from "./fields";
import { differences, merged, proposal } from "./merge";

const before = { ...NOTHING, first_name: "Zoë", age: "42", region: "east", bmi: "25" };
const mine = { ...before, age: "43", region: "west" };
const theirs = { ...before, bmi: "26", region: "north" };

test("what differs is named in the form's order", () => {
  expect(differences(mine, theirs)).toEqual(["age", "bmi", "region"]);
  expect(differences(mine, { ...mine })).toEqual([]);
});

test("who left a field alone gives way to who changed it; where both did, mine comes first", () => {
  expect(proposal(before, mine, theirs)).toEqual({ age: "mine", bmi: "theirs", region: "mine" });
});

test("a choice takes each field from its side", () => {
  expect(merged(mine, theirs, proposal(before, mine, theirs))).toEqual({ ...before, age: "43", bmi: "26", region: "west" });
  expect(merged(mine, theirs, { age: "theirs", bmi: "theirs", region: "theirs" })).toEqual(theirs);
});
