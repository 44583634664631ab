import { queryOptions } from "@tanstack/react-query";

import { api, taken } from "../../lib/api";

const LOOK_AGAIN_MS = 10_000;

/** The run that is worked on, or else the newest, with its latest round; null before the first. */
export const currentQuery = queryOptions({
  queryKey: ["runs", "current"],
  queryFn: async ({ signal }) => {
    const { data } = await api.GET("/api/rounds/current", { signal });
    return data ?? null;
  },
  refetchInterval: LOOK_AGAIN_MS,
});

/** Whether any hospital takes part yet. */
export const anyHospitalQuery = queryOptions({
  queryKey: ["institutions", "any"],
  queryFn: ({ signal }) => taken(api.GET("/api/institutions", { params: { query: { limit: 1 } }, signal })),
  select: ({ items }) => items.length > 0,
});

/** The newest plans, with what was decided about them. */
export const newestPlansQuery = queryOptions({
  queryKey: ["plans", "newest"],
  queryFn: ({ signal }) => taken(api.GET("/api/plans", { params: { query: { limit: 50 } }, signal })),
});

/** The versions that answer, with the figures that decided. */
export const activeVersionsQuery = queryOptions({
  queryKey: ["models", "active"],
  queryFn: ({ signal }) => taken(api.GET("/api/models", { params: { query: { limit: 200 } }, signal })),
  select: ({ items }) => items.filter((version) => version.is_active),
});

/** How many patients there are: the first of them comes along and is not kept. */
export const patientsQuery = queryOptions({
  queryKey: ["patients", "all"],
  queryFn: async ({ signal }) => {
    const page = await taken(api.GET("/api/patients", { params: { query: { limit: 1, count: true } }, signal }));
    return page.count ?? 0;
  },
});

/** What answers for each task. */
export const answeringQuery = queryOptions({
  queryKey: ["models", "status"],
  queryFn: ({ signal }) => taken(api.GET("/api/model/status", { signal })),
  refetchInterval: LOOK_AGAIN_MS,
});
