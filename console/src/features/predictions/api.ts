import { queryOptions } from "@tanstack/react-query";

import type { operations, PredictionAnswer } from "../../api-client/schema";
import { api, taken } from "../../lib/api";

type Body = NonNullable<operations["predict"]["requestBody"]>["content"]["application/json"];
/** A record to predict for: a stored patient's, or values by feature; with a patient only what the record lacks. */
export type Asked = Required<Pick<Body, "task">> & Pick<Body, "patient_id" | "features">;
export type Filters = NonNullable<operations["listPredictions"]["parameters"]["query"]>;

// Values of a patient are not kept for longer than they are looked at.
const FORGET_MS = 30_000;
const VERSION_MS = 60_000;

export const statusQuery = queryOptions({
  queryKey: ["model", "status"],
  queryFn: ({ signal }) => taken(api.GET("/api/model/status", { signal })),
  staleTime: VERSION_MS,
});

export const formQuery = (task: string) =>
  queryOptions({
    queryKey: ["model", "form", task],
    queryFn: ({ signal }) => taken(api.GET("/api/model/form", { params: { query: { task } }, signal })),
    staleTime: VERSION_MS,
  });

export const figuresQuery = (task: string) =>
  queryOptions({
    queryKey: ["model", "figures", task],
    queryFn: ({ signal }) => taken(api.GET("/api/model/metrics", { params: { query: { task } }, signal })),
    staleTime: VERSION_MS,
  });

export const patientQuery = (id: string) =>
  queryOptions({
    queryKey: ["patient", id, "to predict for"],
    queryFn: ({ signal }) =>
      taken(api.GET("/api/patients/{patient_id}", { params: { path: { patient_id: id } }, signal })),
    gcTime: FORGET_MS,
  });

/** Patients whose names begin with these words. */
export const namesQuery = (search: string) =>
  queryOptions({
    queryKey: ["patients", "named", search],
    queryFn: ({ signal }) => taken(api.GET("/api/patients", { params: { query: { search, limit: 10 } }, signal })),
    gcTime: FORGET_MS,
  });

/** What the model says, without a trace in the history. Asking for something else cancels it. */
export const predictionQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["prediction", asked],
    queryFn: ({ signal }) => taken(api.POST("/api/predictions", { body: { ...asked, explain: true, record: false }, signal })),
    gcTime: FORGET_MS,
  });

/** The same, kept in the history: once for a key, however often it is sent. */
export function recordPrediction(asked: Asked, key: string): Promise<PredictionAnswer> {
  return taken(
    api.POST("/api/predictions", {
      body: { ...asked, explain: true, record: true },
      params: { header: { "Idempotency-Key": key } },
    }),
  );
}

export function predictRows(
  asked: { task: string; rows: Record<string, unknown>[]; record: boolean; key: string },
  signal: AbortSignal,
) {
  const { key, ...body } = asked;
  return taken(api.POST("/api/predictions/batch", { body, params: { header: { "Idempotency-Key": key } }, signal }));
}

export interface AskedImage {
  task: string;
  image: File;
  patient: string | undefined;
  record: boolean;
  key: string;
}

/** A DICOM file's own grey values: browsers do not draw it. */
export function viewImage(image: File, signal: AbortSignal) {
  const form = new FormData();
  form.append("image", image, "image");
  return taken(api.POST("/api/predictions/imaging/view", { body: { image: "" }, bodySerializer: () => form, signal }));
}

export function predictImage({ task, image, patient, record, key }: AskedImage, signal: AbortSignal) {
  const form = new FormData();
  // The file's own name may be a patient's.
  form.append("image", image, "image");
  form.append("task", task);
  form.append("record", String(record));
  if (patient) form.append("patient_id", patient);
  return taken(
    api.POST("/api/predictions/imaging", {
      // The document knows a file in a form as a text.
      body: { image: "" },
      bodySerializer: () => form,
      params: { header: { "Idempotency-Key": key } },
      signal,
    }),
  );
}

export const historyQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ["predictions", filters],
    queryFn: ({ signal }) => taken(api.GET("/api/predictions/history", { params: { query: filters }, signal })),
    gcTime: FORGET_MS,
  });

export function recordOutcome({ id, outcome }: { id: string; outcome: number | string }) {
  return taken(
    api.PUT("/api/predictions/{prediction_id}/outcome", { params: { path: { prediction_id: id } }, body: { outcome } }),
  );
}
