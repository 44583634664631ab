import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useState } from "react";

import { follow, type RunEvent, type StreamState } from "../../lib/events";
import { runQuery } from "./api";
import { advance, KINDS, NOTHING, type Live } from "./progress";

/** Events come in bursts, above all at the beginning: one picture for each burst. */
const GATHER_MS = 60;
const ASK_MS = 250;

/** A run's events from its first to its last, and whether they come as they happen. */
export function useLive(run: string): { live: Live; stream: StreamState } {
  const [live, take] = useReducer(advance, NOTHING);
  const [stream, setStream] = useState<StreamState>("connecting");
  useEffect(() => {
    let gathered: RunEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      take(gathered);
      gathered = [];
    };
    const stop = follow(
      run,
      KINDS,
      (event) => {
        gathered.push(event);
        timer ??= setTimeout(show, GATHER_MS);
      },
      setStream,
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [run]);
  useAskAgain(run, live, stream);
  return { live, stream };
}

/**
 * The institutions' own figures, reasons and versions are in no event: ask for the run again when one points to them, and
 * when the stream is back.
 */
function useAskAgain(run: string, { figures, status }: Live, stream: StreamState): void {
  const queries = useQueryClient();
  useEffect(() => {
    const timer = setTimeout(() => void queries.invalidateQueries({ queryKey: runQuery(run).queryKey }), ASK_MS);
    return () => clearTimeout(timer);
  }, [queries, run, figures, status, stream]);
}
