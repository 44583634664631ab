import type { Operation } from "../api-client/roles";

/**
 * The menu: what is there, and the right without which it is not shown. Each has a name and a sentence in the common
 * messages under `places`.
 */
export const PLACES = [
  { to: "/", key: "overview", needs: "getMe" },
] as const satisfies readonly { to: string; key: string; needs: Operation }[];
