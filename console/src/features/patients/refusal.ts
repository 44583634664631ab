import type { ImportReport } from "../../api-client/schema";
import { Problem } from "../../lib/api";

/** The report that comes with the refusal of a whole file: each bad row, as in the report of a look. */
export function refusalOf(error: Error | null): ImportReport | null {
  if (!(error instanceof Problem) || error.code !== "import_refused") return null;
  return error.details as unknown as ImportReport;
}
