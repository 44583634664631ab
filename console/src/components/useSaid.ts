import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { format } from "../lib/i18n";
import { sayer, templatesOf, type Said, type Sentences, type Template } from "../lib/sentences";

const read = new WeakMap<object, Template[]>();
const asItIs: Said = (text) => text;

/** Says the server's sentences in the reader's language; in its own words until the messages are there. */
export function useSaid(): Said {
  const { i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? "en";
  // Who reads English has no use for these messages.
  const { t } = useTranslation(language === "en" ? "common" : "sentences", { useSuspense: false });
  const english = i18n.getResourceBundle("en", "sentences") as Sentences | undefined;
  return useMemo(() => {
    if (language === "en" || !english) return asItIs;
    const templates = read.get(english) ?? templatesOf(english);
    read.set(english, templates);
    const { number, percent } = format();
    return sayer(templates, (code, values) => t(code, values), (value) => number(value, 6), (share) => percent(share));
  }, [language, english, t]);
}
