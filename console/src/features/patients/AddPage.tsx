import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { LinkButton } from "../../components/LinkButton";
import { useNotify } from "../../components/Notices";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { NEW, useDraft } from "../../lib/drafts";
import { newKey } from "../../lib/key";
import { create, patientsKey } from "./api";
import { NOTHING, type Typed } from "./fields";
import { PatientForm } from "./PatientForm";
import { useWarning } from "./warning";

export function AddPage() {
  const { t } = useTranslation("patients");
  const navigate = useNavigate();
  const notify = useNotify();
  const client = useQueryClient();
  const draft = useDraft<Typed>(NEW, () => NOTHING);
  // The same content sent twice is one record; other content is another one, and needs another key.
  const sent = useRef({ typed: draft.value, key: "" });
  const adding = useMutation({
    mutationFn: (typed: Typed) => {
      if (sent.current.typed !== typed || sent.current.key === "") sent.current = { typed, key: newKey() };
      return create(typed, sent.current.key);
    },
    onSuccess: async ({ id, first_name, last_name }) => {
      draft.drop();
      notify({ severity: "success", text: t("form.added", { name: `${first_name} ${last_name}` }) });
      void client.invalidateQueries({ queryKey: patientsKey });
      await navigate({ to: "/patients/$patientId", params: { patientId: id } });
    },
  });
  useWarning(draft.value !== NOTHING && !adding.isSuccess);
  return (
    <Page title={t("form.addTitle")} lead={t("form.addLead")}>
      <Panel>
        <PatientForm
          typed={draft.value}
          onChange={draft.set}
          onSubmit={() => adding.mutate(draft.value)}
          error={adding.error}
          busy={adding.isPending}
          action={t("form.add")}
          found={draft.found && draft.value !== NOTHING}
          onDiscard={() => {
            draft.restart(NOTHING);
            adding.reset();
          }}
          cancel={<LinkButton to="/patients">{t("form.back")}</LinkButton>}
        />
      </Panel>
    </Page>
  );
}
