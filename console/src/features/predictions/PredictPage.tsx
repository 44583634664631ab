import { Alert, MenuItem, Stack, Tab, Tabs, TextField } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { ModelStatus, Patient, TaskForm } from "../../api-client/schema";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { Page } from "../../components/Page";
import { useSaid } from "../../components/useSaid";
import { formQuery, patientQuery, statusQuery } from "./api";
import { BatchPanel } from "./BatchPanel";
import { ImagePanel } from "./ImagePanel";
import { PatientChoice } from "./PatientChoice";
import { RecordPanel } from "./RecordPanel";

/** Ask the model: for any task that has a version, from what that version says of itself. */
export function PredictPage() {
  const { t } = useTranslation("predictions");
  const status = useQuery(statusQuery);
  return (
    <Page title={t("predict.title")} lead={t("predict.lead")}>
      <Fetched query={status}>{(data) => <Asking status={data} />}</Fetched>
    </Page>
  );
}

function Asking({ status }: { status: ModelStatus }) {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const search = useSearch({ from: "/inside/predict" });
  const navigate = useNavigate({ from: "/predict" });
  const answering = status.tasks.filter((each) => each.answering !== null);
  // A patient's record can be asked about at once, an image has to be found first.
  const asked = answering.find((each) => each.task === search.task);
  const task = (asked ?? answering.find((each) => each.features.length > 0) ?? answering[0])?.task;
  const chosen = useQuery({ ...patientQuery(search.patient ?? ""), enabled: search.patient !== undefined });
  const form = useQuery({ ...formQuery(task ?? ""), enabled: task !== undefined });
  const go = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  if (task === undefined) return <Empty title={t("predict.noModel")}>{t("predict.noModelText")}</Empty>;
  const fault = status.tasks.find((each) => each.task === task)?.fault;
  return (
    <Stack spacing={3}>
      {fault && <Alert severity="warning">{say(fault)}</Alert>}
      <Stack direction="row" sx={{ gap: 2, flexWrap: "wrap", alignItems: "flex-start" }}>
        <TextField
          select
          label={t("predict.task")}
          value={task}
          sx={{ width: "auto", minWidth: 260, flexGrow: 1, maxWidth: 420, "& .MuiSelect-select.MuiSelect-select": { whiteSpace: "normal" } }}
          onChange={(event) => go({ task: event.target.value })}
        >
          {answering.map((each) => (
            <MenuItem key={each.task} value={each.task}>
              {say(each.title ?? each.task)}
            </MenuItem>
          ))}
        </TextField>
        {search.by !== "file" && (
          <PatientChoice
            key={chosen.data?.id}
            patient={chosen.data}
            label={t("patient.label")}
            hint={t(form.data?.image ? "patient.hintImage" : "patient.hint")}
            onChange={(patient) => go({ patient })}
          />
        )}
      </Stack>
      {chosen.error && search.patient && <Failure error={chosen.error} retry={() => void chosen.refetch()} />}
      <Fetched query={form}>
        {(data) =>
          !chosen.isLoading && (
            <Chosen
              form={data}
              patient={search.patient ? chosen.data : undefined}
              by={search.by}
              onBy={(by) => go({ by })}
            />
          )
        }
      </Fetched>
    </Stack>
  );
}

type By = "file" | undefined;

function Chosen({ form, patient, by, onBy }: { form: TaskForm; patient: Patient | undefined; by: By; onBy: (by: By) => void }) {
  const { t } = useTranslation("predictions");
  if (form.image) return <ImagePanel key={form.task} form={form} image={form.image} patient={patient} />;
  return (
    <Stack spacing={2}>
      <Tabs value={by ?? "one"} onChange={(_, value) => onBy(value === "file" ? "file" : undefined)} aria-label={t("predict.by")}>
        <Tab value="one" label={t("predict.one")} />
        <Tab value="file" label={t("predict.file")} />
      </Tabs>
      {by === "file" ? (
        <BatchPanel key={form.task} form={form} />
      ) : (
        <RecordPanel key={`${form.task} ${patient?.id ?? ""}`} form={form} patient={patient} />
      )}
    </Stack>
  );
}
