import i18next from "i18next";
import { expect, it } from "vitest";

import { Problem } from "../lib/api";
import { formatFor } from "../lib/format";
import de from "../messages/errors/de.json";
import { reasonOf } from "./reason";

await i18next.init({ lng: "de", ns: ["errors"], resources: { de: { errors: de } }, interpolation: { escapeValue: false } });
const words: Record<string, string> = { name: "Name", "it is missing": "es fehlt", "The run has ended already.": "Der Lauf ist zu Ende." };
const said = (code: string, message: string, details = {}) =>
  reasonOf(new Problem(403, { code, message, details }), i18next.getFixedT("de", "errors"), formatFor("de-DE"), (text) => words[text] ?? text);

it("says a known reason in the reader's language, with its numbers", () => {
  const details = { after: 1.23456, budget: 1, spent: 0.5, left: 0.5, delta: 0.00001 };
  expect(said("budget_spent", "The privacy budget …", details)).toContain("Epsilon wäre 1,2346 von 1. 0,5 ist ausgegeben");
});

it("names the fields that were wrong", () => {
  const fields = [{ field: "name", problem: "it is missing" }];
  expect(said("invalid_request", "The request is not valid", { fields })).toContain("nicht möglich: Name: es fehlt");
});

it("says what stands in a reason too", () => {
  const reason = "The run has ended already.";
  expect(said("conflict", reason, { reason })).toBe("Der Lauf ist zu Ende.");
});

it("keeps the server's words for any other", () => {
  expect(said("something_new", "It {is} as it is.")).toBe("It {is} as it is.");
});
