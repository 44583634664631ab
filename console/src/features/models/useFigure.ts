import { useTranslation } from "react-i18next";

import { format } from "../../lib/i18n";

const SHARES = new Set(["accuracy", "sensitivity", "specificity"]);
const COSTS = new Set(["mae", "rmse"]);

/** How a figure is written: shares as percentages, errors in the target's unit where it is known. */
export function useFigure(unit: string | null | undefined) {
  const { t, i18n } = useTranslation("models");
  const { number, percent, quantity } = format();
  return {
    name: (key: string) => (i18n.exists(`models:figures.${key}`) ? t(`figures.${key}`) : key),
    means: (key: string) => (i18n.exists(`models:means.${key}`) ? t(`means.${key}`) : ""),
    write: (key: string, value: number | null | undefined) => {
      if (value === null || value === undefined) return "–";
      if (SHARES.has(key)) return percent(value, 1);
      return COSTS.has(key) ? quantity(value, unit) : number(value, 3);
    },
  };
}
