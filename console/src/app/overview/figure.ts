/** What a person looks at first, and how it is written. */
import type { Format } from "../../lib/format";

const FIRST = ["r2", "auc", "accuracy"] as const;

export interface Figure {
  name: (typeof FIRST)[number];
  value: string;
}

/** The figure to tell of a model in one line; null where it was not judged. */
export function figureOf(values: Readonly<Record<string, unknown>>, { number, percent }: Format): Figure | null {
  for (const name of FIRST) {
    const value = values[name];
    if (typeof value === "number") return { name, value: name === "accuracy" ? percent(value, 1) : number(value, 3) };
  }
  return null;
}
