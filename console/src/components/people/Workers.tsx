import { Button, Stack } from "@mui/material";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Worker } from "../../api-client/schema";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { useMe } from "../../lib/session";
import { Confirm } from "../Confirm";
import type { Column } from "../DataTable";
import { Empty } from "../Empty";
import { Failure } from "../Failure";
import { PagedTable } from "../PagedTable";
import { Panel } from "../Panel";
import { Status } from "../Status";
import { AddWorker } from "./AddWorker";
import { changeWorker, inviteWorker, removeWorker, workersQuery } from "./api";
import { Invitation } from "./Invitation";

/** Who has an account here: invite, change a role, lock out, remove. */
export function Workers() {
  const { t } = useTranslation("people");
  const workers = useInfiniteQuery(workersQuery);
  const [adding, setAdding] = useKept("worker open", false);
  const [leaving, setLeaving] = useState<Worker | null>(null);
  const [invitation, setInvitation] = useState<string | null>(null);
  const change = useMutation({ mutationFn: changeWorker });
  const invite = useMutation({ mutationFn: inviteWorker, onSuccess: (made) => setInvitation(made.invitation) });
  const remove = useMutation({ mutationFn: removeWorker, onSettled: () => setLeaving(null) });
  const error = change.error ?? invite.error ?? remove.error;
  const columns = useColumns({
    lock: ({ id, name, role, is_active }) => change.mutate({ id, fields: { name, role, is_active: !is_active } }),
    invite: ({ id }) => invite.mutate(id),
    remove: setLeaving,
  });
  const add = (
    <Button variant="contained" onClick={() => setAdding(true)}>
      {t("add")}
    </Button>
  );
  return (
    <Panel title={t("title")} hint={t("hint")} actions={add}>
      {error && <Failure error={error} />}
      <PagedTable
        label={t("title")}
        columns={columns}
        id={(worker) => worker.id}
        query={workers}
        empty={<Empty title={t("empty")} action={add} />}
      />
      {adding && <AddWorker onClose={() => setAdding(false)} onAdded={setInvitation} />}
      <Invitation token={invitation} onClose={() => setInvitation(null)} />
      <Confirm
        open={leaving !== null}
        title={t("remove.title", { name: leaving?.name })}
        action={t("remove.action")}
        destructive
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving.id)}
        onClose={() => setLeaving(null)}
      >
        {t("remove.text")}
      </Confirm>
    </Panel>
  );
}

interface Deeds {
  lock: (worker: Worker) => void;
  invite: (worker: Worker) => void;
  remove: (worker: Worker) => void;
}

function useColumns(deeds: Deeds): Column<Worker>[] {
  const { t } = useTranslation("people");
  const common = useTranslation();
  const me = useMe();
  const { date } = format();
  return [
    { key: "name", name: t("name"), cell: (worker) => worker.name },
    { key: "email", name: t("email"), cell: (worker) => worker.email },
    { key: "role", name: t("role"), cell: (worker) => common.t(`roles.${worker.institution_id === null ? "consortium" : worker.role}`) },
    {
      key: "state",
      name: t("state"),
      cell: (worker) => {
        if (!worker.is_active) return <Status label={t("locked")} tone="warning" />;
        return worker.has_password ? <Status label={t("active")} tone="success" /> : <Status label={t("invited")} tone="info" />;
      },
    },
    { key: "since", name: t("since"), cell: (worker) => date(worker.created_at) },
    {
      key: "deeds",
      name: t("deeds"),
      cell: (worker) =>
        worker.id !== me.id && (
          <Stack direction="row" spacing={1}>
            {!worker.has_password && (
              <Button size="small" aria-label={t("inviteAgain.label", { name: worker.name })} onClick={() => deeds.invite(worker)}>
                {t("inviteAgain.action")}
              </Button>
            )}
            <Button
              size="small"
              aria-label={t(worker.is_active ? "lock.label" : "unlock.label", { name: worker.name })}
              onClick={() => deeds.lock(worker)}
            >
              {t(worker.is_active ? "lock.action" : "unlock.action")}
            </Button>
            <Button size="small" color="error" aria-label={t("remove.label", { name: worker.name })} onClick={() => deeds.remove(worker)}>
              {t("remove.action")}
            </Button>
          </Stack>
        ),
    },
  ];
}
