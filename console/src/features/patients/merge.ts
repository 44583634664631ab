/** Two people changed one record: what differs, and what to begin with. */
import { FIELDS, type FieldName, type Typed } from "./fields";

export type Side = "mine" | "theirs";
export type Choice = Partial<Record<FieldName, Side>>;

/** The fields whose values differ, in the form's order. */
export function differences(mine: Typed, theirs: Typed): FieldName[] {
  return FIELDS.filter((name) => mine[name].trim() !== theirs[name]);
}

/** Whose value to begin with: where one of the two left a field as it was, the other's; where both changed it, mine. */
export function proposal(before: Typed, mine: Typed, theirs: Typed): Choice {
  const fields = differences(mine, theirs);
  return Object.fromEntries(fields.map((name) => [name, mine[name].trim() === before[name] ? "theirs" : "mine"]));
}

/** The record that was chosen field by field. */
export function merged(mine: Typed, theirs: Typed, choice: Choice): Typed {
  const texts = FIELDS.map((name) => [name, choice[name] === "theirs" ? theirs[name] : mine[name]] as const);
  return { ...mine, ...Object.fromEntries(texts) };
}
