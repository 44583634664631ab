/** The one client of the gateway: typed by its OpenAPI document, with a session that renews itself. */
import createClient, { type Middleware } from "openapi-fetch";

import type { ErrorBody, paths } from "../api-client/schema";
import { cookie } from "./cookie";
import { endSession, renewSession } from "./renewal";

const READING = new Set(["GET", "HEAD"]);
const UNTOLD: ErrorBody = { code: "unreachable", message: "", details: {} };
const OPEN = ["/api/auth/login", "/api/auth/refresh", "/api/auth/invitation"];

/** What the gateway refused, or that it could not be reached (status 0). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;

  constructor(status: number, body: ErrorBody, requestId: string | null = null) {
    super(body.message);
    this.status = status;
    this.code = body.code;
    this.details = body.details;
    this.requestId = requestId;
  }
}

/**
 * Fetch with the CSRF token; where the access token has run out, renew the session once and ask again. The session has
 * ended where the gateway says so, not where nobody could ask it.
 */
export async function guarded(request: Request): Promise<Response> {
  const again = request.clone();
  const sent = Date.now();
  const response = await reach(signed(request));
  if (response.status !== 401 || OPEN.some((path) => request.url.includes(path))) return response;
  const status = await renewSession(sent);
  if (status === 0 || status === 429 || status >= 500) throw new Problem(status, UNTOLD);
  const answer = status === 200 ? await reach(signed(again)) : response;
  if (answer.status === 401) endSession();
  return answer;
}

function signed(request: Request): Request {
  if (!READING.has(request.method)) request.headers.set("X-CSRF-Token", cookie("fedcare_csrf"));
  return request;
}

/** Fetch; a gateway that cannot be reached is a Problem too. */
export async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem(0, UNTOLD);
  }
}

const throwing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
};

/** The failure that a response tells; one that is not the gateway's own (a proxy's page) keeps its status. */
export async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("X-Request-Id");
  try {
    const told = (await response.json()) as { error: ErrorBody };
    return new Problem(response.status, told.error, requestId);
  } catch {
    return new Problem(response.status, { code: "unreadable", message: "", details: {} }, requestId);
  }
}

export const api = createClient<paths>({ baseUrl: globalThis.location.origin, fetch: guarded });
api.use(throwing);

/** The data of an answer that has a body: every failure was thrown before. */
export async function taken<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked;
  return data as T;
}
