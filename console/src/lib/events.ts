/**
 * A run's events as they come. The stream is opened again after a failure, from the last event that was seen, so that
 * nothing is missed; a session that has run out is renewed on the way, as for every other request.
 */
import { EventSource } from "eventsource";

import { guarded } from "./api";

export interface RunEvent {
  id: number;
  kind: string;
  data: Record<string, unknown>;
}

export type StreamState = "connecting" | "live" | "waiting" | "ended";

const LONGEST_PAUSE_MS = 8_000;

/** Follow a run's events of these kinds, from its first one, until the returned function is called or it has ended. */
export function follow(
  run: string,
  kinds: readonly string[],
  seen: (event: RunEvent) => void,
  changed: (state: StreamState) => void,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  let failures = 0;

  function open(): void {
    changed("connecting");
    source = new EventSource(`${globalThis.location.origin}/api/training/runs/${run}/events`, {
      fetch: (url, init) =>
        guarded(new Request(url, { ...init, headers: { ...init.headers, "Last-Event-ID": String(last) } })),
    });
    source.addEventListener("open", () => {
      failures = 0;
      changed("live");
    });
    source.addEventListener("error", retry);
    source.addEventListener("end", () => stop("ended"));
    for (const kind of kinds) source.addEventListener(kind, take);
  }

  function retry(): void {
    source?.close();
    changed("waiting");
    timer = setTimeout(open, Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures++));
  }

  function take(message: MessageEvent<string>): void {
    const id = Number(message.lastEventId);
    if (id <= last) return;
    last = id;
    seen({ id, kind: message.type, data: JSON.parse(message.data) as Record<string, unknown> });
  }

  function stop(state?: StreamState): void {
    clearTimeout(timer);
    source?.close();
    if (state) changed(state);
  }

  open();
  return () => stop();
}
