import { useTranslation } from "react-i18next";

import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";

export interface Words {
  feature(name: string): string;
  category(name: string): string;
  unit(name: string | null): string;
  /** A value as the server writes it: a category, or a number and its unit. */
  shown(text: string): string;
}

/** A task's own names in the reader's language where they are known, and else made legible: any task will do. */
export function useWords(): Words {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const known = (list: string) => t(list, { returnObjects: true }) as Record<string, string>;
  const features = known("features");
  const categories = known("categories");
  const units = known("units");
  const category = (name: string) => categories[name] ?? say(name);
  const unit = (name: string | null) => (name === null ? "" : (units[name] ?? say(name)));
  return {
    category,
    unit,
    shown: (text) => {
      const [, number, of = ""] = /^(-?\d+(?:\.\d+)?)(?: (.+))?$/.exec(text) ?? [];
      return number === undefined ? category(text) : `${format().number(Number(number), 6)} ${unit(of)}`.trim();
    },
    feature: (name) => features[name] ?? legible(say(name)),
  };
}

/** `mean_radius` as `Mean radius`. */
export function legible(name: string): string {
  const words = name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
