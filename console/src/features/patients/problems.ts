import type { RowProblem } from "../../api-client/schema";
import type { Said } from "../../lib/sentences";

/** A report's problems as a CSV file, to be worked through beside the one that was sent. */
export function problemsAsCsv(problems: readonly RowProblem[], say: Said): string {
  const lines = problems.map(({ line, column, reason }) => [String(line), quoted(column), quoted(say(reason))].join(","));
  return `${["line,column,reason", ...lines].join("\r\n")}\r\n`;
}

/** Between quotes, and with an apostrophe before what a spreadsheet would take for a formula. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
