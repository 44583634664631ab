/** Words in the reader's language. Each feature has message files of its own, loaded with the first of its pages. */
import i18next, { type BackendModule } from "i18next";
import { initReactI18next } from "react-i18next";

import { formatFor, type Format } from "./format";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

type Messages = Record<string, unknown>;
const files = import.meta.glob<Messages>(["../messages/*/*.json", "../features/*/messages/*.json"], {
  import: "default",
});
const KEPT = "fedcare.language";

/** `../messages/common/en.json` holds the namespace "common", `../features/x/messages/en.json` the namespace "x". */
function path(language: string, namespace: string): string {
  const shared = `../messages/${namespace}/${language}.json`;
  return shared in files ? shared : `../features/${namespace}/messages/${language}.json`;
}

const backend: BackendModule = {
  type: "backend",
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[path(language, namespace)];
    if (!load) done(new Error(`no messages ${namespace} in ${language}`), false);
    // True: it is tried again after a while.
    else load().then((messages) => done(null, messages), (error: unknown) => done(error as Error, true));
  },
};

export async function startI18n(): Promise<void> {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferred(),
      fallbackLng: "en",
      supportedLngs: Object.keys(LANGUAGES),
      ns: ["common"],
      defaultNS: "common",
      interpolation: { escapeValue: false }, // React escapes.
      react: { useSuspense: true },
    });
  followLanguage();
  i18next.on("languageChanged", followLanguage);
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEPT, language);
  await i18next.changeLanguage(language);
}

/** Numbers and dates as the present language, and where the browser says so its country, writes them. */
export function format(): Format {
  return formatFor(locale());
}

function locale(): string {
  const language = i18next.resolvedLanguage ?? "en";
  return navigator.languages.find((each) => each.startsWith(language)) ?? language;
}

function preferred(): Language {
  const wanted = [localStorage.getItem(KEPT) ?? "", ...navigator.languages].map((each) => each.slice(0, 2));
  return (wanted.find((each) => each in LANGUAGES) ?? "en") as Language;
}

function followLanguage(): void {
  document.documentElement.lang = i18next.resolvedLanguage ?? "en";
}
