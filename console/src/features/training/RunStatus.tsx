import { useTranslation } from "react-i18next";

import type { Run } from "../../api-client/schema";
import { Status } from "../../components/Status";
import type { StreamState } from "../../lib/events";

const TONES = {
  queued: "default",
  started: "info",
  in_progress: "info",
  completed: "success",
  failed: "error",
  stopped: "warning",
} as const;
const STREAM_TONES = { connecting: "default", live: "success", waiting: "warning", ended: "default" } as const;

export function RunStatus({ status }: Pick<Run, "status">) {
  const { t } = useTranslation("training");
  return <Status label={t(`status.${status}`)} tone={TONES[status]} />;
}

/** Whether what is on the page is what happens. */
export function StreamStatus({ stream }: { stream: StreamState }) {
  const { t } = useTranslation("training");
  return (
    <span role="status">
      <Status label={t(`stream.${stream}`)} tone={STREAM_TONES[stream]} />
    </span>
  );
}
