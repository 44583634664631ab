import { Button, Stack } from "@mui/material";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { LinkButton } from "../../components/LinkButton";
import { useNotify } from "../../components/Notices";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Problem } from "../../lib/api";
import { decimalSign } from "../../lib/decimal";
import { keepDraft, NEW, useDraft } from "../../lib/drafts";
import { useMe } from "../../lib/session";
import { patientQuery, patientsKey, update } from "./api";
import { typedOf, type Typed } from "./fields";
import { LostUpdate } from "./LostUpdate";
import { differences } from "./merge";
import { PatientForm } from "./PatientForm";
import { useWarning } from "./warning";

export function EditPage() {
  const { t } = useTranslation("patients");
  const { patientId } = useParams({ from: "/inside/patients/$patientId/edit" });
  const query = useQuery({ ...patientQuery(patientId), refetchOnWindowFocus: false });
  return (
    <Page title={t("form.editTitle")} lead={t("form.editLead")}>
      <Panel>
        <Fetched query={query}>{(patient) => <Editing key={patient.id} patient={patient} />}</Fetched>
      </Panel>
    </Page>
  );
}

/** What was typed, and the state of the record that it began from. */
interface Draft {
  base: Patient;
  typed: Typed;
}

function Editing({ patient }: { patient: Patient }) {
  const { t } = useTranslation("patients");
  const navigate = useNavigate();
  const notify = useNotify();
  const client = useQueryClient();
  const me = useMe();
  const { id } = patient;
  const back = { to: "/patients/$patientId", params: { patientId: id } } as const;
  const draft = useDraft<Draft>(id, () => ({ base: patient, typed: typedOf(patient, decimalSign()) }));
  const [theirs, setTheirs] = useState<Patient | null>(null);
  const saving = useMutation({
    mutationFn: (sent: Draft) => update(sent.base, sent.typed),
    onSuccess: async (saved) => {
      draft.drop();
      client.setQueryData(patientQuery(id).queryKey, saved);
      void client.invalidateQueries({ queryKey: patientsKey });
      notify({ severity: "success", text: t("form.saved") });
      await navigate(back);
    },
    onError: (error) => {
      if (error instanceof Problem && error.code === "lost_update") look.mutate();
    },
  });
  // What somebody else has saved in between, to be seen beside one's own.
  const look = useMutation({
    mutationFn: () => client.query({ ...patientQuery(id), staleTime: 0 }),
    onSuccess: setTheirs,
  });
  const { base, typed } = draft.value;
  useWarning(!saving.isSuccess && differences(typed, typedOf(base, decimalSign())).length > 0);

  function send(next: Draft): void {
    draft.set(next);
    setTheirs(null);
    look.reset();
    saving.mutate(next);
  }
  function discard(): void {
    draft.restart({ base: patient, typed: typedOf(patient, decimalSign()) });
    setTheirs(null);
    saving.reset();
  }

  if (theirs)
    return (
      <LostUpdate
        before={base}
        mine={typed}
        theirs={theirs}
        onChosen={(chosen) => send({ base: theirs, typed: chosen })}
        onTheirs={() => {
          draft.drop();
          void navigate(back);
        }}
      />
    );
  const gone = saving.error instanceof Problem && saving.error.status === 404;
  return (
    <Stack spacing={2}>
      <PatientForm
        typed={typed}
        onChange={(next) => draft.set({ base, typed: next })}
        onSubmit={() => saving.mutate(draft.value)}
        error={look.isPending || look.isSuccess ? null : saving.error}
        busy={saving.isPending || look.isPending}
        action={t("form.save")}
        found={draft.found && differences(typed, typedOf(base, decimalSign())).length > 0}
        onDiscard={discard}
        cancel={<LinkButton {...back}>{t("form.back")}</LinkButton>}
      />
      {gone && (
        <Button
          sx={{ alignSelf: "flex-start" }}
          onClick={() => {
            keepDraft(me.id, NEW, typed);
            draft.drop();
            void navigate({ to: "/patients/new" });
          }}
        >
          {t("form.addInstead")}
        </Button>
      )}
    </Stack>
  );
}
