import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { guarded, Problem, problemOf } from "./api";
import { onSessionEnd } from "./renewal";

const answers = vi.fn<(request: Request) => Response>();
const asked = () => answers.mock.calls.map(([request]) => `${request.method} ${new URL(request.url).pathname}`);
const request = (path: string, method = "GET") => new Request(`http://gateway.test${path}`, { method });

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal("fetch", (input: Request | string, init?: RequestInit) =>
    Promise.resolve(answers(input instanceof Request ? input : new Request(`http://gateway.test${input}`, init))),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  answers.mockReset();
  vi.unstubAllGlobals();
});

it("renews a session that has run out once, for all that notice it, and asks each again", async () => {
  let renewed = false;
  answers.mockImplementation(({ url }) => {
    if (url.endsWith("/api/auth/refresh")) renewed = true;
    return new Response("{}", { status: renewed ? 200 : 401 });
  });
  const both = await Promise.all([guarded(request("/api/patients")), guarded(request("/api/models"))]);
  expect(both.map((each) => each.status)).toEqual([200, 200]);
  expect(asked().filter((each) => each === "POST /api/auth/refresh")).toHaveLength(1);
});

it.each([
  [0, 0],
  [-1, 1],
])("renews the session where no other tab has done so since it was asked: %i ms from then", async (later, renewals) => {
  vi.spyOn(Date, "now").mockReturnValue(1_000_000);
  localStorage.setItem("fedcare.renewed", String(1_000_000 + later));
  answers.mockImplementation(({ url }) => new Response("{}", { status: url.endsWith("/api/auth/refresh") ? 200 : 401 }));
  await guarded(request("/api/patients"));
  expect(asked().filter((each) => each === "POST /api/auth/refresh")).toHaveLength(renewals);
});

it("says that the session has ended where it cannot be renewed", async () => {
  const ended = vi.fn();
  const forget = onSessionEnd(ended);
  answers.mockImplementation(() => new Response("{}", { status: 401 }));
  expect((await guarded(request("/api/patients"))).status).toBe(401);
  expect(ended).toHaveBeenCalledOnce();
  forget();
});

it.each([0, 429, 503])("keeps the session where its renewal could not be asked for: %i", async (status) => {
  const ended = vi.fn();
  const forget = onSessionEnd(ended);
  answers.mockImplementation(({ url }) => {
    if (!url.endsWith("/api/auth/refresh")) return new Response("{}", { status: 401 });
    if (status === 0) throw new TypeError("Failed to fetch");
    return new Response("{}", { status });
  });
  await expect(guarded(request("/api/patients"))).rejects.toMatchObject({ status });
  expect(ended).not.toHaveBeenCalled();
  forget();
});

it("takes a refused sign-in for what it is", async () => {
  answers.mockImplementation(() => new Response("{}", { status: 401 }));
  await guarded(request("/api/auth/login", "POST"));
  expect(asked()).toEqual(["POST /api/auth/login"]);
});

it("sends the token against forged requests with what changes something, and only there", async () => {
  document.cookie = "fedcare_csrf=proof";
  answers.mockImplementation(() => new Response("{}"));
  await guarded(request("/api/patients", "POST"));
  await guarded(request("/api/patients"));
  expect(answers.mock.calls.map(([sent]) => sent.headers.get("X-CSRF-Token"))).toEqual(["proof", null]);
});

it("renews the session with that token too", async () => {
  document.cookie = "fedcare_csrf=proof";
  answers.mockImplementation(({ url }) => new Response("{}", { status: url.endsWith("/api/auth/refresh") ? 200 : 401 }));
  await guarded(request("/api/patients"));
  const renewal = answers.mock.calls.find(([sent]) => sent.url.endsWith("/api/auth/refresh"));
  expect(renewal?.[0].headers.get("X-CSRF-Token")).toBe("proof");
});

it("tells a failure in the server's words, and an unreadable one by its status", async () => {
  const told = { error: { code: "conflict", message: "Somebody was quicker.", details: { revision: 3 } } };
  const known = await problemOf(new Response(JSON.stringify(told), { status: 409, headers: { "X-Request-Id": "r-1" } }));
  expect(known).toMatchObject({ status: 409, code: "conflict", message: "Somebody was quicker.", requestId: "r-1" });
  expect(await problemOf(new Response("<html>", { status: 502 }))).toMatchObject({ status: 502, code: "unreadable" });
  expect(known).toBeInstanceOf(Problem);
});
