import { expect, test } from "vitest";

import type { CategoryField, NumberField, Patient } from "../../api-client/schema";
import { doubtOf, heldBy, rangeOf, recordOf, stepOf, typicalRecord, valueOf } from "./record";

const AGE: NumberField = {
  kind: "number", name: "age", unit: "years", required: true, minimum: 0, maximum: 130, low: 18, high: 64, integer: false, typical: 39.2471,
};
const CHILDREN: NumberField = { ...AGE, name: "children", required: false, integer: true, low: 0, high: 5, typical: 1 };
const SMOKER: CategoryField = { kind: "category", name: "smoker", required: true, categories: ["no", "yes"], rare: ["yes"], typical: "no" };
const FIELDS = [AGE, CHILDREN, SMOKER];

test("a record is made of what is typed; what may be empty is left out, what may not is named", () => {
  expect(recordOf(FIELDS, { age: "44.5", smoker: "no" }, ".")).toEqual({ values: { age: 44.5, smoker: "no" }, lacking: [] });
  expect(recordOf(FIELDS, { age: " ", children: "2" }, ".")).toEqual({ values: { children: 2 }, lacking: ["age", "smoker"] });
});

test("a fraction of a child is asked about before it is sent", () => {
  expect(recordOf(FIELDS, { age: "44", children: "1.5", smoker: "no" }, ".").lacking).toEqual(["children"]);
});

test("a number is read in the reader's language, and what is none keeps the record from being asked about", () => {
  expect([valueOf(AGE, "27,5", ","), valueOf(AGE, "", ","), valueOf(AGE, "abc", ",")]).toEqual([27.5, null, Number.NaN]);
  expect(doubtOf(AGE, Number.NaN)).toBe("notANumber");
  expect(recordOf(FIELDS, { age: "44", children: "some", smoker: "no" }, ",").lacking).toEqual(["children"]);
});

test.each([
  [AGE, 40, null],
  [AGE, 70, "unusual"],
  [AGE, 131, "impossible"],
  [AGE, -1, "impossible"],
  [CHILDREN, 0.5, "fraction"],
  [SMOKER, "yes", "rare"],
  [SMOKER, "no", null],
])("of %o the value %s is %s", (field, value, doubt) => {
  expect(doubtOf(field, value)).toBe(doubt);
});

test("a patient's record gives its features and never a name, whatever a task calls its features", () => {
  const patient = { age: 50, bmi: 43.08, smoker: "yes", first_name: "Ada", region: "north" } as Patient;
  const fields = [...FIELDS, { ...AGE, name: "bmi" }, { ...AGE, name: "first_name" }];
  expect(heldBy(patient, fields, ",")).toEqual({ age: "50", bmi: "43,08", smoker: "yes" });
});

test("steps suit the range: whole numbers for whole numbers, fine ones for narrow features", () => {
  expect([stepOf(AGE), stepOf(CHILDREN), stepOf({ ...AGE, low: 0.05, high: 0.16 })]).toEqual([0.1, 1, 0.001]);
  expect(typicalRecord(FIELDS, ",")).toEqual({ age: "39,2", children: "1", smoker: "no" });
});

test("a slider spans what the model knows, and the present value wherever it is", () => {
  expect(rangeOf(AGE, 30)).toEqual([18, 64]);
  expect(rangeOf(AGE, 90)).toEqual([18, 90]);
  expect(rangeOf({ ...AGE, low: 15.96, high: 53.13 }, 20)).toEqual([16, 53.1]);
});
