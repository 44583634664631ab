/** A patient's record in a form: everything is text there, as it was typed. */
import type { Patient, PatientFields } from "../../api-client/schema";
import { Problem } from "../../lib/api";
import { numberOf, textOf, type Sign } from "../../lib/decimal";

export type FieldName = keyof PatientFields;
export type Typed = Readonly<Record<FieldName, string>>;

export const FIELDS = [
  "first_name",
  "last_name",
  "age",
  "sex",
  "bmi",
  "children",
  "smoker",
  "region",
  "insurance_cost",
] as const satisfies readonly FieldName[];
/** The fields that are numbers, and how many digits behind the point they may have. */
export const DIGITS: Partial<Record<FieldName, number>> = { age: 0, children: 0, bmi: 10, insurance_cost: 2 };
/** As the known Medical Cost data has them; any other may be written. */
export const REGIONS = ["northeast", "northwest", "southeast", "southwest"];

export const NOTHING: Typed = {
  first_name: "",
  last_name: "",
  age: "",
  sex: "",
  bmi: "",
  children: "",
  smoker: "",
  region: "",
  insurance_cost: "",
};

/** A stored record as a form shows it, with the decimal sign of the reader's language. */
export function typedOf(patient: Patient, sign: Sign): Typed {
  const texts = FIELDS.map((name) => {
    const value = patient[name];
    return [name, typeof value === "number" ? textOf(value, sign) : (value ?? "")] as const;
  });
  return { ...NOTHING, ...Object.fromEntries(texts) };
}

/**
 * What is sent. A text that is no number stays a text, so that the gateway refuses it by the field's name instead of
 * taking it for a value that was left out.
 */
export function bodyOf(typed: Typed, sign: Sign): PatientFields {
  const values = FIELDS.map((name) => {
    const text = typed[name].trim();
    if (name === "insurance_cost" && text === "") return [name, null] as const;
    const digits = DIGITS[name];
    return [name, digits === undefined ? text : (numberOf(text, sign, digits) ?? text)] as const;
  });
  return Object.fromEntries(values) as unknown as PatientFields;
}

/** The fields that the gateway found fault with, and what it said of each. */
export function faultsOf(error: Error | null): Partial<Record<FieldName, string>> {
  if (!(error instanceof Problem) || !Array.isArray(error.details.fields)) return {};
  const told = error.details.fields as { field: string; problem: string }[];
  return Object.fromEntries(told.filter(({ field }) => isField(field)).map(({ field, problem }) => [field, problem]));
}

function isField(name: string): name is FieldName {
  return (FIELDS as readonly string[]).includes(name);
}
