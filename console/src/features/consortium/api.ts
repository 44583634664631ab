import { queryOptions } from "@tanstack/react-query";

import type { InstitutionFields, Readiness } from "../../api-client/schema";
import { api, problemOf, reach, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";
import { queries } from "../../lib/query";

export const institutionsQuery = pagesQuery(["institutions"], (cursor, signal) =>
  taken(api.GET("/api/institutions", { params: { query: { cursor } }, signal })),
);

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

const refresh = () => queries.invalidateQueries({ queryKey: ["institutions"] });

export async function saveInstitution({ id, fields }: { id: number | null; fields: InstitutionFields }) {
  if (id === null) await api.POST("/api/institutions", { body: fields });
  else await api.PUT("/api/institutions/{institution_id}", { params: { path: { institution_id: id } }, body: fields });
  await refresh();
}

export async function removeInstitution(id: number) {
  await api.DELETE("/api/institutions/{institution_id}", { params: { path: { institution_id: id } } });
  await refresh();
}
