import { Button, TextField, Typography } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { PlanDetails } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { FormDialog } from "../../components/FormDialog";
import { useNotify } from "../../components/Notices";
import { useKept } from "../../lib/drafts";
import { useMay } from "../../lib/session";
import { decide, planQuery, startRun } from "./api";

type Asked = "approve" | "refuse" | "run";

/** What one may do with a plan: a hospital's administrator decides, the consortium's starts a run of it. */
export function PlanActions({ plan }: { plan: PlanDetails }) {
  const { t } = useTranslation("plans");
  const may = useMay();
  const [asked, setAsked] = useKept<Asked | null>("plan asked", null);
  const said = plan.decisions[0]?.approved;
  const close = () => setAsked(null);
  return (
    <>
      {may("refusePlan") && (
        <Button variant="outlined" color="error" disabled={said === false} onClick={() => setAsked("refuse")}>
          {t("refuse.open")}
        </Button>
      )}
      {may("approvePlan") && (
        <Button variant="contained" disabled={said === true} onClick={() => setAsked("approve")}>
          {t("approve.open")}
        </Button>
      )}
      {may("requestRun") && (
        <Button variant="contained" onClick={() => setAsked("run")}>
          {t("run.open")}
        </Button>
      )}
      {asked === "run" && <StartDialog hash={plan.hash} onClose={close} />}
      {(asked === "approve" || asked === "refuse") && <DecideDialog hash={plan.hash} verdict={asked} onClose={close} />}
    </>
  );
}

function DecideDialog({ hash, verdict, onClose }: { hash: string; verdict: "approve" | "refuse"; onClose: () => void }) {
  const { t } = useTranslation("plans");
  const notify = useNotify();
  const queries = useQueryClient();
  const [reason, setReason] = useKept("plan reason", "");
  const deciding = useMutation({
    mutationFn: decide,
    onSuccess: (plan) => {
      queries.setQueryData(planQuery(hash).queryKey, plan);
      void queries.invalidateQueries({ queryKey: ["plans", "list"] });
      notify({ severity: "success", text: t(`${verdict}.done`) });
      onClose();
    },
  });

  return (
    <FormDialog
      title={t(`${verdict}.title`)}
      action={t(`${verdict}.open`)}
      width="sm"
      destructive={verdict === "refuse"}
      error={deciding.error}
      busy={deciding.isPending}
      onSubmit={() => deciding.mutate({ hash, approve: verdict === "approve", reason })}
      onClose={onClose}
    >
      <Typography sx={{ color: "text.secondary" }}>{t(`${verdict}.text`)}</Typography>
      <TextField
        label={t("reason")}
        helperText={t("reasonHint")}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        slotProps={{ htmlInput: { maxLength: 100 } }}
      />
    </FormDialog>
  );
}

function StartDialog({ hash, onClose }: { hash: string; onClose: () => void }) {
  const { t } = useTranslation("plans");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const starting = useMutation({
    mutationFn: () => startRun(hash),
    onSuccess: (run) => {
      void queries.invalidateQueries({ queryKey: ["runs"] });
      void navigate({ to: "/training/$run", params: { run: run.id } });
    },
  });
  return (
    <Confirm
      open
      title={t("run.title")}
      action={t("run.open")}
      busy={starting.isPending}
      onConfirm={() => starting.mutate()}
      onClose={onClose}
    >
      {starting.error ? <Failure error={starting.error} /> : t("run.text")}
    </Confirm>
  );
}
