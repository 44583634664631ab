/** Numbers as people type them: read and written with the decimal sign of the reader's language. */
import { format } from "./i18n";

export type Sign = "." | ",";

/** What stands before the decimals in the reader's language. */
export function decimalSign(): Sign {
  return format().number(0.5).includes(",") ? "," : ".";
}

/**
 * The number in a text; null where there is none, or more than one could be meant. A comma or a point stands before the
 * decimals, whichever is typed, but the sign that the language groups thousands by is refused before three digits:
 * "1.234" in German, "1,234" in English. With `digits` at most so many decimals and no exponent.
 */
export function numberOf(text: string, sign: Sign, digits = Infinity): number | null {
  const [all, whole = "", mark, decimals = "", exponent = ""] =
    /^([+-]?\d+)(?:([.,])(\d+))?(e[+-]?\d+)?$/i.exec(text.trim()) ?? [];
  if (all === undefined) return null;
  if (mark !== undefined && mark !== sign && decimals.length === 3) return null;
  if (decimals.length > digits || (exponent !== "" && digits < Infinity)) return null;
  const value = Number(`${whole}.${decimals || "0"}${exponent}`);
  return Number.isFinite(value) ? value : null;
}

/** A number as it is typed: all its digits, ungrouped. */
export function textOf(value: number, sign: Sign): string {
  return String(value).replace(".", sign);
}
