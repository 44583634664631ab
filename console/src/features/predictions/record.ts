/** What is typed into a task's form, and the record that it makes. */
import type { CategoryField, NumberField, Patient, TaskForm } from "../../api-client/schema";
import { numberOf, textOf, type Sign } from "../../lib/decimal";

export type Field = NumberField | CategoryField;
export type Typed = Readonly<Record<string, string>>;
export type Values = Readonly<Record<string, number | string>>;

export type Doubt = "notANumber" | "fraction" | "impossible" | "unusual" | "rare";

/** The number or category of a text; null where nothing stands there, NaN where what stands there is no number. */
export function valueOf(field: Field, text: string, sign: Sign): number | string | null {
  if (text.trim() === "") return null;
  return field.kind === "category" ? text : (numberOf(text, sign) ?? Number.NaN);
}

/** What speaks against a value. No number or a fraction is not sent; the server says of the others what they mean. */
export function doubtOf(field: Field, value: number | string | null): Doubt | null {
  if (value === null) return null;
  if (field.kind === "category") return field.rare.includes(String(value)) ? "rare" : null;
  if (typeof value !== "number") return null;
  if (Number.isNaN(value)) return "notANumber";
  if (field.integer && !Number.isInteger(value)) return "fraction";
  if (value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity)) return "impossible";
  return value < field.low || value > field.high ? "unusual" : null;
}

/** The record of what is typed, and the names of the fields without which nothing can be predicted. */
export function recordOf(fields: readonly Field[], typed: Typed, sign: Sign): { values: Values; lacking: string[] } {
  const values: Record<string, number | string> = {};
  const lacking: string[] = [];
  for (const field of fields) {
    const value = valueOf(field, typed[field.name] ?? "", sign);
    if (value !== null && !isRefused(doubtOf(field, value))) values[field.name] = value;
    else if (field.required || value !== null) lacking.push(field.name);
  }
  return { values, lacking };
}

/** Whether a value cannot even be sent. */
export function isRefused(doubt: Doubt | null): boolean {
  return doubt === "notANumber" || doubt === "fraction";
}

/** What a patient's record holds of a form's fields, as it would be typed. */
export function heldBy(patient: Patient, fields: readonly Field[], sign: Sign): Typed {
  const held: Record<string, string> = {};
  const record: Record<string, unknown> = patient;
  for (const { name } of fields) {
    const value = record[name];
    if (!PATIENTS_OWN.has(name)) continue;
    if (typeof value === "number") held[name] = textOf(value, sign);
    else if (typeof value === "string") held[name] = value;
  }
  return held;
}

// As the gateway's repository of predictions reads it; other columns, such as a name, are never features.
const PATIENTS_OWN = new Set(["age", "sex", "bmi", "children", "smoker", "region"]);

/** A record in the middle of what the model has seen, to try the form with. */
export function typicalRecord(fields: TaskForm["fields"], sign: Sign): Typed {
  const typed = (field: Field) => (field.kind === "category" ? field.typical : textOf(typicalOf(field), sign));
  return Object.fromEntries(fields.map((field) => [field.name, typed(field)]));
}

export function typicalOf(field: NumberField): number {
  return rounded(field.typical, stepOf(field));
}

/** A step for typing and sliding: a hundredth of the range, as a power of ten. */
export function stepOf(field: NumberField): number {
  if (field.integer) return 1;
  const span = field.high - field.low;
  return span > 0 ? Math.min(1, 10 ** Math.floor(Math.log10(span / 50))) : 1;
}

/** The multiple of a step that is next to a value, without the dust of binary fractions. */
export function rounded(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toPrecision(12));
}

/** What the model knows, in whole steps and no further, and a value in any case: where a slider goes. */
export function rangeOf(field: NumberField, value: number): [number, number] {
  const step = stepOf(field);
  const low = rounded(Math.ceil(field.low / step - 1e-9) * step, step);
  const high = rounded(Math.floor(field.high / step + 1e-9) * step, step);
  return [Math.min(low, value), Math.max(high, value)];
}
