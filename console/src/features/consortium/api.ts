import type { InstitutionFields } from "../../api-client/schema";
import { api, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";
import { queries } from "../../lib/query";

export const institutionsQuery = pagesQuery(["institutions"], (cursor, signal) =>
  taken(api.GET("/api/institutions", { params: { query: { cursor } }, signal })),
);

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
