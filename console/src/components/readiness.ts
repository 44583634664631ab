import { queryOptions } from "@tanstack/react-query";

import type { Readiness } from "../api-client/schema";
import { problemOf, reach } from "../lib/api";

/** A gateway that is not ready says why in the same shape, with the status 503. */
export const readinessQuery = queryOptions({
  queryKey: ["ready"],
  queryFn: async ({ signal }) => {
    const response = await reach(new Request("/api/health/ready", { signal }));
    const told: unknown = await response.clone().json().catch(() => null);
    if (!isReadiness(told)) throw await problemOf(response);
    return told;
  },
  refetchInterval: 10_000,
});

const isReadiness = (told: unknown): told is Readiness => typeof told === "object" && told !== null && "ready" in told;
