import { QueryClient } from "@tanstack/react-query";

import { Problem } from "./api";

/** Reading again helps where the way or the server failed, not where the server has understood and refused. */
function retry(count: number, error: Error): boolean {
  const passing = error instanceof Problem && (error.status === 0 || error.status >= 500);
  return passing && count < 3;
}

// Without a network a request is made all the same and fails, which is shown; else a page would wait and say nothing.
const ALWAYS = { networkMode: "always" } as const;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      ...ALWAYS,
      refetchOnReconnect: true,
      retry,
      staleTime: 10_000,
      retryDelay: (count) => Math.min(8_000, 500 * 2 ** count),
    },
    mutations: { ...ALWAYS, retry: false },
  },
});
