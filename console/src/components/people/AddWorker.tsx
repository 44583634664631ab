import { MenuItem, TextField } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { WorkerRole } from "../../api-client/schema";
import { api, taken } from "../../lib/api";
import { useKept } from "../../lib/drafts";
import { useMe } from "../../lib/session";
import { FormDialog } from "../FormDialog";
import { addWorker } from "./api";

const ROLES: readonly WorkerRole[] = ["nurse", "doctor", "admin"];

/** Invites somebody; the consortium says to which hospital, a hospital's administrator to their own. */
export function AddWorker({ onClose, onAdded }: { onClose: () => void; onAdded: (invitation: string) => void }) {
  const { t } = useTranslation("people");
  const common = useTranslation();
  const me = useMe();
  const [fields, setFields] = useKept("worker", { email: "", name: "", role: "nurse" as WorkerRole, place: "" });
  const adding = useMutation({
    mutationFn: addWorker,
    onSuccess: (made) => {
      onClose();
      onAdded(made.invitation);
    },
  });
  const atConsortium = me.role === "consortium";
  const places = useQuery({
    queryKey: ["institutions", "all"],
    queryFn: ({ signal }) => taken(api.GET("/api/institutions", { params: { query: { limit: 200 } }, signal })),
    enabled: atConsortium,
  });
  const set = (part: Partial<typeof fields>) => setFields({ ...fields, ...part });

  function submit(): void {
    const { email, name, role, place } = fields;
    adding.mutate({ email, name, role, institution_id: place === "" ? null : Number(place) });
  }

  return (
    <FormDialog
      title={t("add")}
      action={t("invite")}
      error={adding.error}
      busy={adding.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label={t("name")} required value={fields.name} onChange={(event) => set({ name: event.target.value })} />
      <TextField
        label={t("email")}
        type="email"
        required
        value={fields.email}
        onChange={(event) => set({ email: event.target.value })}
      />
      {atConsortium && (
        <TextField select label={t("place")} value={fields.place} onChange={(event) => set({ place: event.target.value })}>
          <MenuItem value="">{t("consortium")}</MenuItem>
          {places.data?.items.map((place) => (
            <MenuItem key={place.id} value={String(place.id)}>
              {place.name}
            </MenuItem>
          ))}
        </TextField>
      )}
      <TextField
        select
        label={t("role")}
        value={fields.role}
        onChange={(event) => set({ role: event.target.value as WorkerRole })}
      >
        {ROLES.map((role) => (
          <MenuItem key={role} value={role}>
            {common.t(`roles.${role}`)}
          </MenuItem>
        ))}
      </TextField>
    </FormDialog>
  );
}
