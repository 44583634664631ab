import { useTranslation } from "react-i18next";

export interface Words {
  feature(name: string): string;
  category(name: string): string;
  unit(name: string | null): string;
}

/** A task's own names in the reader's language where they are known, and else made legible: any task will do. */
export function useWords(): Words {
  const { t } = useTranslation("predictions");
  const known = (list: string) => t(list, { returnObjects: true }) as Record<string, string>;
  const features = known("features");
  const categories = known("categories");
  const units = known("units");
  return {
    feature: (name) => features[name] ?? legible(name),
    category: (name) => categories[name] ?? name,
    unit: (name) => (name === null ? "" : (units[name] ?? name)),
  };
}

/** `mean_radius` as `Mean radius`. */
export function legible(name: string): string {
  const words = name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
