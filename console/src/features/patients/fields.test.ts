import { expect, test } from "vitest";

import type { Patient } from "../../api-client/schema";
import { Problem } from "../../lib/api";
import { bodyOf, faultsOf, NOTHING, typedOf } from "./fields";

const FIELDS = {
  first_name: "Zoë",
  last_name: "Müller",
  age: 42,
  sex: "female",
  bmi: 27.9,
  children: 0,
  smoker: "no",
  region: "northeast",
  insurance_cost: 8240.59,
} as const;
const ZOE: Patient = {
  ...FIELDS,
  id: "0197a3c2-5b1e-7c44-9d0a-3f6d2b8e1a57",
  created_by: null,
  created_at: "2026-03-02T09:30:00Z",
  updated_at: "2026-03-02T09:30:00Z",
  revision: 1,
};

test("a record goes through a form unchanged, with either decimal sign", () => {
  for (const sign of [".", ","] as const) {
    expect(bodyOf(typedOf(ZOE, sign), sign)).toEqual(FIELDS);
  }
  expect(typedOf(ZOE, ",").bmi).toBe("27,9");
});

test("an unknown cost is an empty field, and the other way round", () => {
  expect(typedOf({ ...ZOE, insurance_cost: null }, ".").insurance_cost).toBe("");
  expect(bodyOf({ ...typedOf(ZOE, "."), insurance_cost: " " }, ".").insurance_cost).toBeNull();
});

test("what is no number is sent as it was typed, so that it is refused by name", () => {
  expect(bodyOf({ ...NOTHING, age: "forty", insurance_cost: "8.240" }, ".")).toMatchObject({
    age: "forty",
    bmi: "",
    insurance_cost: "8.240",
  });
});

test("faults are told by the fields that the form has", () => {
  const fields = [
    { field: "age", problem: "it must be a whole number" },
    { field: "Idempotency-Key", problem: "it is too long" },
  ];
  const refused = new Problem(422, { code: "invalid_request", message: "", details: { fields } });
  expect(faultsOf(refused)).toEqual({ age: "it must be a whole number" });
  expect(faultsOf(new Problem(500, { code: "internal", message: "", details: {} }))).toEqual({});
  expect(faultsOf(null)).toEqual({});
});
