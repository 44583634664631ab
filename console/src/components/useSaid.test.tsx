import { act, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { beforeAll, expect, it } from "vitest";

import { Problem } from "../lib/api";
import common from "../messages/common/en.json";
import germanErrors from "../messages/errors/de.json";
import errors from "../messages/errors/en.json";
import german from "../messages/sentences/de.json";
import english from "../messages/sentences/en.json";
import { Failure } from "./Failure";

beforeAll(async () => {
  const resources = { en: { common, errors, sentences: english }, de: { common, errors: germanErrors, sentences: german } };
  await i18next.use(initReactI18next).init({ lng: "de", fallbackLng: "en", resources, defaultNS: "common" });
});

it("says a failure with its reason in the reader's language, in the server's words to who reads English", async () => {
  const reason = "There is a worker with this email already.";
  render(<Failure error={new Problem(409, { code: "conflict", message: reason, details: { reason } })} />);
  expect(screen.getByRole("alert").textContent).toContain("Zu dieser E-Mail gibt es schon ein Konto.");
  await act(() => i18next.changeLanguage("en"));
  expect(screen.getByRole("alert").textContent).toContain(reason);
});
