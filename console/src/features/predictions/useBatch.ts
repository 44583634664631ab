import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { newKey } from "../../lib/key";
import { predictRows } from "./api";
import { answeredRows, type Answered, type Row } from "./csv";

// The gateway takes 10,000 rows at once; fewer show sooner that something happens.
const AT_ONCE = 2_000;

/** Many records, some at a time; it can be given up, and gone on with from where it failed without anything twice. */
export function useBatch(task: string, rows: readonly Row[], record: boolean) {
  const client = useQueryClient();
  const [done, setDone] = useState<Answered[]>([]);
  const keys = useRef(new Map<number, string>());
  const stopper = useRef<AbortController | null>(null);
  const asking = useMutation({
    mutationFn: async () => {
      stopper.current = new AbortController();
      const { signal } = stopper.current;
      const answers = [...done];
      while (answers.length < rows.length) {
        const start = answers.length;
        const key = keys.current.get(start) ?? newKey();
        keys.current.set(start, key);
        const answer = await predictRows({ task, rows: rows.slice(start, start + AT_ONCE), record, key }, signal);
        answers.push(...answeredRows(answer));
        setDone([...answers]);
      }
    },
    onSettled: () => (record ? client.invalidateQueries({ queryKey: ["predictions"] }) : undefined),
  });
  const stopped = asking.error?.name === "AbortError";
  return { asking, done, stopped, stop: () => stopper.current?.abort() };
}
