/**
 * A deletion that waits. It is sent when its notice is gone or the page is left, and until then it can be taken back:
 * the server is told nothing.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { useNotify } from "../../components/Notices";
import { patientsKey, remove } from "./api";

interface Waiting {
  id: string;
  /** End the notice, and with it the waiting. */
  end: () => void;
}

let waiting: Waiting | null = null;
const listeners = new Set<() => void>();
const SECONDS = 8;

/** The id of the patient whose deletion waits: lists leave them out. */
export function useWaiting(): string | null {
  return useSyncExternalStore(subscribe, () => waiting?.id ?? null);
}

/** Send what waits as soon as the list is left. */
export function useSendOnLeaving(): void {
  useEffect(() => () => waiting?.end(), []);
}

export function useDelete(): (patient: Patient) => void {
  const { t } = useTranslation("patients");
  const notify = useNotify();
  const client = useQueryClient();
  return (patient) => {
    const name = `${patient.first_name} ${patient.last_name}`;
    async function send(): Promise<void> {
      removeEventListener("pagehide", onLeaving);
      try {
        await remove(patient);
        client.removeQueries({ queryKey: [...patientsKey, "one", patient.id] });
      } catch (error) {
        const why = error instanceof Error ? error.message : "";
        notify({ severity: "error", text: t("delete.failed", { name, why }), seconds: 20 });
      }
      await client.invalidateQueries({ queryKey: patientsKey });
      // Another may have begun to wait in the meantime.
      if (waiting?.id === patient.id) wait(null);
    }
    const onLeaving = () => waiting?.end();
    addEventListener("pagehide", onLeaving);
    const end = notify({
      severity: "info",
      text: t("delete.done", { name }),
      seconds: SECONDS,
      undo: {
        label: t("common:undo"),
        act: () => {
          removeEventListener("pagehide", onLeaving);
          wait(null);
        },
      },
      over: () => void send(),
    });
    wait({ id: patient.id, end });
  };
}

function wait(next: Waiting | null): void {
  waiting = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
