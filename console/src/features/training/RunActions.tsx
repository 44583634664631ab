import { Button } from "@mui/material";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { RunDetails } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { LinkButton } from "../../components/LinkButton";
import { useNotify } from "../../components/Notices";
import { api, taken } from "../../lib/api";
import { useMay } from "../../lib/session";
import { stopRun } from "./api";

/** From a run to its plan and to the run of the same task before it, and its end. */
export function RunActions({ run, ended }: { run: RunDetails; ended: boolean }) {
  const { t } = useTranslation("training");
  const may = useMay();
  const [asked, setAsked] = useState(false);
  const before = useRunBefore(run);
  return (
    <>
      {may("getPlan") && (
        <LinkButton to="/plans/$hash" params={{ hash: run.plan_hash }}>
          {t("run.plan")}
        </LinkButton>
      )}
      {may("listEgress") && run.started_at && (
        <LinkButton to="/hospital" search={{ run: run.id }}>
          {t("run.left")}
        </LinkButton>
      )}
      {before && (
        <LinkButton to="/training/compare" search={{ runs: [run.id, before] }}>
          {t("run.compare")}
        </LinkButton>
      )}
      {may("stopRun") && !ended && (
        <Button variant="outlined" color="error" disabled={run.stop_requested} onClick={() => setAsked(true)}>
          {t("stop.open")}
        </Button>
      )}
      {asked && <Stop run={run.id} onClose={() => setAsked(false)} />}
    </>
  );
}

function Stop({ run, onClose }: { run: string; onClose: () => void }) {
  const { t } = useTranslation("training");
  const queries = useQueryClient();
  const notify = useNotify();
  const stopping = useMutation({
    mutationFn: () => stopRun(run),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["runs"] });
      notify({ severity: "info", text: t("stop.done") });
      onClose();
    },
  });
  return (
    <Confirm
      open
      destructive
      title={t("stop.title")}
      action={t("stop.open")}
      busy={stopping.isPending}
      onConfirm={() => stopping.mutate()}
      onClose={onClose}
    >
      {stopping.error ? <Failure error={stopping.error} /> : t("stop.text")}
    </Confirm>
  );
}

/** The newest run of the task besides this one; the newer of two looks back as well as the older forward. */
function useRunBefore({ id, task }: RunDetails): string | undefined {
  const { data } = useQuery({
    queryKey: ["runs", "of", task],
    queryFn: ({ signal }) => taken(api.GET("/api/training/runs", { params: { query: { task, limit: 20 } }, signal })),
  });
  const others = data?.items.filter((run) => run.id !== id && run.started_at !== null) ?? [];
  return (others.find((run) => run.id < id) ?? others.at(-1))?.id;
}
