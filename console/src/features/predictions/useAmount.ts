import type { PredictionAnswer } from "../../api-client/schema";
import { format } from "../../lib/i18n";
import { useWords } from "./words";

/** How amounts of a prediction are written: in its unit, or as a share where it is a probability. */
export function useAmount({ label, unit }: Pick<PredictionAnswer, "label" | "unit">): (amount: number) => string {
  const words = useWords();
  return (amount) => (label === null ? format().quantity(amount, words.unit(unit)) : format().percent(amount, 1));
}
