import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { Patient } from "../../api-client/schema";
import { api, taken } from "../../lib/api";
import { decimalSign } from "../../lib/decimal";
import { bodyOf, type Typed } from "./fields";
import { filtersOf, type Filters, type Listing } from "./search";

export const patientsKey = ["patients"];

export function pageQuery(listing: Listing, search: string) {
  const query = { ...listing, ...searched(search) };
  return queryOptions({
    queryKey: [...patientsKey, "page", query],
    queryFn: ({ signal }) => taken(api.GET("/api/patients", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** How many match in all. */
export function countQuery(listing: Listing, search: string) {
  const query = { ...filtersOf(listing), ...searched(search), limit: 1, count: true };
  return queryOptions({
    queryKey: [...patientsKey, "count", query],
    queryFn: ({ signal }) => taken(api.GET("/api/patients", { params: { query }, signal })),
    select: (page) => page.count ?? 0,
  });
}

export function patientQuery(patient_id: string) {
  return queryOptions({
    queryKey: [...patientsKey, "one", patient_id],
    queryFn: ({ signal }) => taken(api.GET("/api/patients/{patient_id}", { params: { path: { patient_id } }, signal })),
  });
}

export function predictionsQuery(patient_id: string) {
  return infiniteQueryOptions({
    queryKey: [...patientsKey, "one", patient_id, "predictions"],
    queryFn: ({ signal, pageParam: cursor }) =>
      taken(api.GET("/api/predictions/history", { params: { query: { patient_id, cursor, limit: 10 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** Who did what with the record, newest first. */
export function deedsQuery(patient_id: string) {
  const query = { subject_type: "patient", subject_id: patient_id, limit: 20 };
  return queryOptions({
    queryKey: [...patientsKey, "one", patient_id, "deeds"],
    queryFn: ({ signal }) => taken(api.GET("/api/audit", { params: { query }, signal })),
  });
}

export function create(typed: Typed, key: string) {
  return taken(api.POST("/api/patients", { params: { header: { "Idempotency-Key": key } }, body: bodyOf(typed, decimalSign()) }));
}

/** Write over the state that is known; somebody else's change in between is a Problem of status 412. */
export function update({ id, revision }: Patient, typed: Typed) {
  const params = { path: { patient_id: id }, header: { "if-match": `"${revision}"` } };
  return taken(api.PUT("/api/patients/{patient_id}", { params, body: bodyOf(typed, decimalSign()) }));
}

/** It goes out even where the page that sends it is being left. */
export async function remove({ id, revision }: Patient): Promise<void> {
  const params = { path: { patient_id: id }, header: { "if-match": `"${revision}"` } };
  await api.DELETE("/api/patients/{patient_id}", { params, keepalive: true });
}

export function erase(patient_id: string) {
  return taken(api.POST("/api/patients/{patient_id}/erasure", { params: { path: { patient_id } } }));
}

/** Everything that is held on a patient, as a file. */
export function exportOne(patient_id: string): Promise<Blob> {
  const params = { path: { patient_id } };
  return taken(api.GET("/api/patients/{patient_id}/export", { params, parseAs: "blob" }));
}

/** All that match, as a CSV file. */
export function exportAll(filters: Filters, search: string): Promise<Blob> {
  const params = { query: { ...filters, ...searched(search) } };
  return taken(api.GET("/api/patients/export", { params, parseAs: "blob" }));
}

export type Mode = "all_or_nothing" | "good_rows";

interface Sending {
  file: File;
  mode: Mode;
  /** Look, and store nothing. */
  dry_run: boolean;
  key?: string;
}

export function importFile({ file, mode, dry_run, key }: Sending) {
  const form = new FormData();
  form.set("file", file);
  return taken(
    api.POST("/api/patients/import", {
      params: { query: { mode, dry_run }, header: key ? { "Idempotency-Key": key } : {} },
      body: { file: file.name }, // The document knows files as texts: what is sent is the form.
      bodySerializer: () => form,
    }),
  );
}

function searched(search: string): { search?: string } {
  return search === "" ? {} : { search };
}
