import { Button, Checkbox, FormControlLabel, MenuItem, Stack, TextField } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useSaid } from "../../components/useSaid";
import { patientQuery, statusQuery } from "./api";
import { PatientChoice } from "./PatientChoice";
import { isFiltered, type HistorySearch } from "./search";

/** Which predictions: by task, patient, day and who asked. The address keeps it. */
export function HistoryFilters() {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const search = useSearch({ from: "/inside/history" });
  const navigate = useNavigate({ from: "/history" });
  const status = useQuery(statusQuery);
  const patient = useQuery({ ...patientQuery(search.patient ?? ""), enabled: search.patient !== undefined });
  const tasks = new Map(status.data?.tasks.map((each) => [each.task, say(each.title ?? each.task)]));
  if (search.task && !tasks.has(search.task)) tasks.set(search.task, search.task);
  // Another choice begins with the latest again.
  const go = (change: HistorySearch) =>
    void navigate({ search: (before) => ({ ...before, ...change, cursor: undefined }), replace: true });
  const day = (name: "since" | "until") => (
    <TextField
      type="date"
      label={t(`history.${name}`)}
      value={search[name] ?? ""}
      sx={{ width: 170 }}
      slotProps={{ inputLabel: { shrink: true } }}
      onChange={(event) => go({ [name]: event.target.value || undefined })}
    />
  );
  return (
    <Stack direction="row" role="search" aria-label={t("history.filters")} sx={{ gap: 2, flexWrap: "wrap", alignItems: "flex-start" }}>
      <TextField
        select
        label={t("predict.task")}
        value={search.task ?? ""}
        sx={{ width: "auto", minWidth: 220, "& .MuiSelect-select.MuiSelect-select": { whiteSpace: "normal" } }}
        slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
        onChange={(event) => go({ task: event.target.value || undefined })}
      >
        <MenuItem value="">{t("history.allTasks")}</MenuItem>
        {[...tasks].map(([task, title]) => (
          <MenuItem key={task} value={task}>
            {title}
          </MenuItem>
        ))}
      </TextField>
      <PatientChoice
        key={search.patient ? patient.data?.id : "none"}
        patient={search.patient ? patient.data : undefined}
        label={t("history.patient")}
        hint={t("patient.type")}
        onChange={(id) => go({ patient: id })}
      />
      <Stack direction="row" sx={{ gap: 2 }}>
        {day("since")}
        {day("until")}
      </Stack>
      <FormControlLabel
        control={<Checkbox checked={search.mine ?? false} onChange={(event) => go({ mine: event.target.checked || undefined })} />}
        label={t("history.mine")}
      />
      {isFiltered(search) && <Button onClick={() => void navigate({ search: {} })}>{t("history.everything")}</Button>}
    </Stack>
  );
}
