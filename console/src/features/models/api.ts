import { queryOptions } from "@tanstack/react-query";

import { api, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";
import { queries } from "../../lib/query";

export const versionsQuery = pagesQuery(["models"], (cursor, signal) =>
  taken(api.GET("/api/models", { params: { query: { cursor } }, signal })),
);

export const statusQuery = queryOptions({
  queryKey: ["models", "status"],
  queryFn: ({ signal }) => taken(api.GET("/api/model/status", { signal })),
  refetchInterval: 15_000,
});

export const versionQuery = (id: number) =>
  queryOptions({
    queryKey: ["models", id],
    queryFn: ({ signal }) => taken(api.GET("/api/models/{version_id}", { params: { path: { version_id: id } }, signal })),
  });

/** The figures of the version that answers for a task, by institution. */
export const activeFiguresQuery = (task: string) =>
  queryOptions({
    queryKey: ["models", "metrics", task],
    queryFn: ({ signal }) => taken(api.GET("/api/model/metrics", { params: { query: { task } }, signal })),
  });

export const cardQuery = (id: number) =>
  queryOptions({
    queryKey: ["models", id, "card"],
    queryFn: ({ signal }) =>
      taken<string>(api.GET("/api/models/{version_id}/card", { params: { path: { version_id: id } }, parseAs: "text", signal })),
  });

export const comparisonQuery = (task: string) =>
  queryOptions({
    queryKey: ["models", "compare", task],
    queryFn: ({ signal }) => taken(api.GET("/api/models/compare", { params: { query: { task } }, signal })),
  });

const refresh = () => queries.invalidateQueries({ queryKey: ["models"] });

export async function activate(id: number) {
  await api.POST("/api/models/{version_id}/activate", { params: { path: { version_id: id } } });
  await refresh();
}

export async function rollBack(task: string) {
  await api.POST("/api/models/rollback", { body: { task } });
  await refresh();
}

export async function share(asked: { task: string; challenger_id: number; fraction: number }) {
  await api.PUT("/api/models/traffic", { body: asked });
  await refresh();
}

export async function stopSharing(task: string) {
  await api.DELETE("/api/models/traffic", { params: { query: { task } } });
  await refresh();
}
