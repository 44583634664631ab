import type { NewWorker, WorkerFields } from "../../api-client/schema";
import { api, taken } from "../../lib/api";
import { pagesQuery } from "../../lib/pages";
import { queries } from "../../lib/query";

export const workersQuery = pagesQuery(["workers"], (cursor, signal) =>
  taken(api.GET("/api/workers", { params: { query: { cursor } }, signal })),
);

const refresh = () => queries.invalidateQueries({ queryKey: ["workers"] });

/** The answer holds the invitation, which is shown once. */
export async function addWorker(worker: NewWorker) {
  const made = await taken(api.POST("/api/workers", { body: worker }));
  await refresh();
  return made;
}

export async function changeWorker({ id, fields }: { id: string; fields: WorkerFields }) {
  await api.PUT("/api/workers/{worker_id}", { params: { path: { worker_id: id } }, body: fields });
  await refresh();
}

export const inviteWorker = (id: string) =>
  taken(api.POST("/api/workers/{worker_id}/invitation", { params: { path: { worker_id: id } } }));

export async function removeWorker(id: string) {
  await api.DELETE("/api/workers/{worker_id}", { params: { path: { worker_id: id } } });
  await refresh();
}
