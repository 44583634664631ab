import { format } from "../../lib/i18n";

/** What stands before the decimals in the reader's language. */
export function decimalSign(): string {
  return format().number(0.5).charAt(1);
}
