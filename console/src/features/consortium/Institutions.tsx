import { Button, Stack } from "@mui/material";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Institution } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import type { Column } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { PagedTable } from "../../components/PagedTable";
import { Panel } from "../../components/Panel";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { institutionsQuery, removeInstitution } from "./api";
import { InstitutionForm } from "./InstitutionForm";

/** The hospitals of the consortium. */
export function Institutions() {
  const { t } = useTranslation("consortium");
  const institutions = useInfiniteQuery(institutionsQuery);
  const [edited, setEdited] = useKept<Institution | "new" | null>("institution", null);
  const [leaving, setLeaving] = useState<Institution | null>(null);
  const remove = useMutation({ mutationFn: removeInstitution, onSettled: () => setLeaving(null) });
  const columns = useColumns(setEdited, setLeaving);
  const add = (
    <Button variant="contained" onClick={() => setEdited("new")}>
      {t("institutions.add")}
    </Button>
  );
  return (
    <Panel title={t("institutions.title")} hint={t("institutions.hint")} actions={add}>
      {remove.error && <Failure error={remove.error} />}
      <PagedTable
        label={t("institutions.title")}
        columns={columns}
        id={(institution) => institution.id}
        query={institutions}
        empty={
          <Empty title={t("institutions.empty.title")} action={add}>
            {t("institutions.empty.text")}
          </Empty>
        }
      />
      {edited !== null && <InstitutionForm before={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
      <Confirm
        open={leaving !== null}
        title={t("institutions.remove", { name: leaving?.name })}
        action={t("institutions.removeShort")}
        destructive
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving.id)}
        onClose={() => setLeaving(null)}
      >
        {t("institutions.removeText")}
      </Confirm>
    </Panel>
  );
}

function useColumns(edit: (which: Institution) => void, remove: (which: Institution) => void): Column<Institution>[] {
  const { t } = useTranslation("consortium");
  const { date } = format();
  const days = (count: number | null | undefined) => (count ? t("institutions.days", { count }) : t("institutions.always"));
  return [
    { key: "id", name: t("institutions.number"), cell: (each) => each.id, numeric: true },
    { key: "name", name: t("institutions.name"), cell: (each) => each.name },
    { key: "address", name: t("institutions.address"), cell: (each) => each.address },
    { key: "patients", name: t("institutions.retainPatients"), cell: (each) => days(each.retain_patients_days) },
    { key: "predictions", name: t("institutions.retainPredictions"), cell: (each) => days(each.retain_predictions_days) },
    { key: "since", name: t("institutions.since"), cell: (each) => date(each.created_at) },
    {
      key: "deeds",
      name: t("institutions.deeds"),
      cell: (each) => (
        <Stack direction="row" spacing={1}>
          <Button size="small" aria-label={t("institutions.change", { name: each.name })} onClick={() => edit(each)}>
            {t("institutions.changeShort")}
          </Button>
          <Button size="small" color="error" aria-label={t("institutions.remove", { name: each.name })} onClick={() => remove(each)}>
            {t("institutions.removeShort")}
          </Button>
        </Stack>
      ),
    },
  ];
}
