import { TextField } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Institution } from "../../api-client/schema";
import { FormDialog } from "../../components/FormDialog";
import { useKept } from "../../lib/drafts";
import { saveInstitution } from "./api";

const text = (days: number | null | undefined) => (days ? String(days) : "");
const days = (text: string) => (text === "" ? null : Number(text));

/** A hospital's name, address, and how long it keeps what it stores. */
export function InstitutionForm({ before, onClose }: { before: Institution | null; onClose: () => void }) {
  const { t } = useTranslation("consortium");
  const [name, setName] = useKept("institution name", before?.name ?? "");
  const [address, setAddress] = useKept("institution address", before?.address ?? "");
  const [patients, setPatients] = useKept("institution patients", text(before?.retain_patients_days));
  const [predictions, setPredictions] = useKept("institution predictions", text(before?.retain_predictions_days));
  const saving = useMutation({ mutationFn: saveInstitution, onSuccess: onClose });

  function submit(): void {
    const fields = { name, address, retain_patients_days: days(patients), retain_predictions_days: days(predictions) };
    saving.mutate({ id: before?.id ?? null, fields });
  }

  const kept = { type: "number", slotProps: { htmlInput: { min: 1, max: 36_500 } } } as const;
  return (
    <FormDialog
      title={before ? t("institutions.change", { name: before.name }) : t("institutions.add")}
      error={saving.error}
      busy={saving.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label={t("institutions.name")} required value={name} onChange={(event) => setName(event.target.value)} />
      <TextField label={t("institutions.address")} value={address} onChange={(event) => setAddress(event.target.value)} />
      <TextField
        {...kept}
        label={t("institutions.retainPatients")}
        helperText={t("institutions.retainMeans")}
        value={patients}
        onChange={(event) => setPatients(event.target.value)}
      />
      <TextField
        {...kept}
        label={t("institutions.retainPredictions")}
        helperText={t("institutions.retainMeans")}
        value={predictions}
        onChange={(event) => setPredictions(event.target.value)}
      />
    </FormDialog>
  );
}
