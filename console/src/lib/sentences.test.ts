import i18next from "i18next";
import { expect, it } from "vitest";

import de from "../messages/sentences/de.json";
import en from "../messages/sentences/en.json";
import { formatFor } from "./format";
import { sayer, templatesOf, type Sentences } from "./sentences";

await i18next.init({ lng: "de", ns: ["sentences"], resources: { de: { sentences: de } }, interpolation: { escapeValue: false } });
const templates = templatesOf(en);
const say = i18next.getFixedT("de", "sentences") as unknown as (code: string, values: Record<string, string>) => string;
const { number, percent } = formatFor("de-DE");
const said = sayer(templates, say, (value) => number(value, 6), (share) => percent(share));

function texts(sentences: Sentences, before = ""): [string, string][] {
  return Object.entries(sentences).flatMap(([code, text]): [string, string][] =>
    typeof text === "string" ? [[before + code, text]] : texts(text, `${before}${code}.`),
  );
}

it("knows each sentence again, whatever its values are", () => {
  const codes = sayer(templates, (code) => code, String);
  for (const [code, text] of texts(en)) {
    const filled = text.replaceAll(/{{(\w+)}}/g, (_, name: string) => `<${name}>`);
    expect([code, codes(filled)]).toEqual([code, code]);
  }
});

it("says a sentence with its values, numbers as the language writes them", () => {
  expect(said("pooled r2 0.8617 is better than the active version's 0.8499")).toBe(
    "über alle ist r2 0,8617 besser als 0,8499 der aktiven Version",
  );
  expect(said("it must be a whole number from 1 to 2,000")).toBe("es muss eine ganze Zahl von 1 bis 2.000 sein");
});

it("says what stands in a sentence too, down to names and units", () => {
  expect(said("refused: Hospital A has 3 usable records where at least 16 are needed. The run goes on without this institution.")).toBe(
    "abgelehnt: Hospital A hat 3 brauchbare Datensätze, mindestens 16 werden gebraucht. Der Lauf geht ohne dieses Krankenhaus weiter.",
  );
  expect(said("age = 95 lies outside what the model has seen, 18 to 64 years")).toBe(
    "Alter = 95 liegt außerhalb dessen, was das Modell gesehen hat: 18 bis 64 Jahre",
  );
  expect(said("the image's contrast of 21% lies outside what the model has seen, 3% to 17%")).toBe(
    "Kontrast des Bilds (21\u00a0%) liegt außerhalb dessen, was das Modell gesehen hat (3\u00a0% bis 17\u00a0%)",
  );
  expect(said("'x' is not one of no, yes")).toBe("'x' ist keines von nein, ja");
});

it("says several reasons in a row, each of somebody", () => {
  const told = "Round 3: 1 usable answers where the plan asks for 2. Hospital A: no answer within 60 s; Hospital B: weights hold NaN or infinity";
  expect(said(told)).toBe(
    "Runde 3: 1 brauchbare Antworten, der Plan verlangt 2. Hospital A: keine Antwort in 60 s; Hospital B: die Gewichte enthalten NaN oder Unendlich",
  );
});

it("leaves what it does not know in the server's words", () => {
  for (const text of ["", "Something new happened.", "Hospital A: something new", "one; two", "12 new things"]) {
    expect(said(text)).toBe(text);
  }
});
