import type { TFunction } from "i18next";

import type { Problem } from "../lib/api";
import type { Format } from "../lib/format";

/** Why the server refused: in the reader's language where the messages know the code, else in the server's words. */
export function reasonOf(problem: Problem, t: TFunction<"errors">, { number }: Pick<Format, "number">): string {
  const details = Object.entries(problem.details).map(([name, value]) => [name, typeof value === "number" ? number(value, 4) : value]);
  const known = { ...(Object.fromEntries(details) as object), summary: summaryOf(problem.details.fields) };
  return t(problem.code, { ...known, defaultValue: problem.message });
}

/** Which fields were wrong, and how: in the server's words. */
function summaryOf(fields: unknown): string {
  if (!Array.isArray(fields)) return "";
  return (fields as { field: string; problem: string }[]).map(({ field, problem }) => `${field}: ${problem}`).join("; ");
}
