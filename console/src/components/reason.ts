import type { TFunction } from "i18next";

import type { Problem } from "../lib/api";
import type { Format } from "../lib/format";
import type { Said } from "../lib/sentences";

/** Why the server refused: in the reader's language where the messages know the code, else in the server's words. */
export function reasonOf(problem: Problem, t: TFunction<"errors">, { number }: Pick<Format, "number">, said: Said): string {
  const told = (value: unknown) => (typeof value === "number" ? number(value, 4) : typeof value === "string" ? said(value) : value);
  const details = Object.entries(problem.details).map(([name, value]) => [name, told(value)]);
  const known = { ...(Object.fromEntries(details) as object), summary: summaryOf(problem.details.fields, said) };
  return t(problem.code, { ...known, defaultValue: said(problem.message) });
}

/** Which fields were wrong, and how. */
function summaryOf(fields: unknown, said: Said): string {
  if (!Array.isArray(fields)) return "";
  return (fields as { field: string; problem: string }[])
    .map(({ field, problem }) => `${said(field.replace(/^features\./, ""))}: ${said(problem)}`)
    .join("; ");
}
