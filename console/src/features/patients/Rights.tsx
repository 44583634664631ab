import { Button, Stack } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { useNotify } from "../../components/Notices";
import { Panel } from "../../components/Panel";
import { save } from "../../lib/save";
import { useMay } from "../../lib/session";
import { erase, exportOne, patientsKey } from "./api";

/** What a patient may ask for: everything that is held on them, and that it be erased. */
export function Rights({ patient }: { patient: Patient }) {
  const { t } = useTranslation("patients");
  const may = useMay();
  const file = useMutation({
    mutationFn: () => exportOne(patient.id),
    onSuccess: (content) => save(content, `patient-${patient.id}.json`),
  });
  return (
    <Panel title={t("rights.title")} hint={t("rights.hint")}>
      <Stack spacing={2}>
        <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap" }}>
          {may("exportPatient") && (
            <Button variant="outlined" loading={file.isPending} onClick={() => file.mutate()}>
              {t("rights.export")}
            </Button>
          )}
          {may("erasePatient") && <Erasure patient={patient} />}
        </Stack>
        {file.error && <Failure error={file.error} retry={() => file.mutate()} />}
      </Stack>
    </Panel>
  );
}

function Erasure({ patient }: { patient: Patient }) {
  const { t } = useTranslation("patients");
  const navigate = useNavigate();
  const notify = useNotify();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const name = `${patient.first_name} ${patient.last_name}`;
  const erasing = useMutation({
    mutationFn: () => erase(patient.id),
    onSuccess: async ({ erased }) => {
      notify({
        severity: "success",
        text: t("rights.erased", { predictions: erased.predictions ?? 0, images: erased.imaging_studies ?? 0 }),
        seconds: 15,
      });
      await navigate({ to: "/patients" });
      client.removeQueries({ queryKey: [...patientsKey, "one", patient.id] });
      await client.invalidateQueries({ queryKey: patientsKey });
    },
  });
  return (
    <>
      <Button color="error" variant="outlined" onClick={() => setOpen(true)}>
        {t("rights.erase")}
      </Button>
      <Confirm
        open={open}
        title={t("rights.question", { name })}
        action={t("rights.erase")}
        destructive
        busy={erasing.isPending}
        onConfirm={() => erasing.mutate()}
        onClose={() => setOpen(false)}
      >
        <Stack spacing={2}>
          <span>{t("rights.what")}</span>
          {erasing.error && <Failure error={erasing.error} />}
        </Stack>
      </Confirm>
    </>
  );
}
