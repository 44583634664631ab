import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { afterEach, beforeAll, expect, it, vi } from "vitest";

import { Problem } from "../lib/api";
import common from "../messages/common/en.json";
import { Failure } from "./Failure";

beforeAll(async () => {
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { common } }, defaultNS: "common" });
});

afterEach(cleanup);

const REFUSED = [400, 401, 403, 404, 409, 412, 413, 415, 422, 423, 429, 500, 503];

it.each(REFUSED)("says a failure of status %i in the server's words and offers to try again", (status) => {
  const retry = vi.fn();
  const error = new Problem(status, { code: "made_up", message: `It is ${status}.`, details: {} }, "r-7");
  render(<Failure error={error} retry={retry} />);
  expect(screen.getByRole("alert").textContent).toContain(`It is ${status}.`);
  expect(screen.getByRole("alert").textContent.includes("r-7")).toBe(status >= 500);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(retry).toHaveBeenCalledOnce();
});

it("says of what nobody told, and of a server out of reach, what to do", () => {
  const untold = new Problem(502, { code: "unreadable", message: "", details: {} });
  const { rerender } = render(<Failure error={untold} />);
  expect(screen.getByRole("alert").textContent).toContain("The server did not say why.");
  rerender(<Failure error={new Problem(0, { code: "unreachable", message: "", details: {} })} />);
  expect(screen.getByRole("alert").textContent).toContain("Check the network.");
});
