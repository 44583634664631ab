import { Box, Button, Stack, Typography } from "@mui/material";
import Grid from "@mui/material/Grid";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Patient, PredictionAnswer, TaskForm } from "../../api-client/schema";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { useSaid } from "../../components/useSaid";
import { decimalSign } from "../../lib/decimal";
import { useKept } from "../../lib/drafts";
import { newKey } from "../../lib/key";
import { Answer } from "./Answer";
import { recordPrediction, type Asked } from "./api";
import { Drivers } from "./Drivers";
import { FieldInput } from "./FieldInput";
import { Measured } from "./Measured";
import { heldBy, recordOf, typicalRecord, type Typed, type Values } from "./record";
import { Recorded } from "./Recorded";
import { useAmount } from "./useAmount";
import { usePrediction } from "./usePrediction";
import { WhatIf } from "./WhatIf";
import { useWords } from "./words";

interface Props {
  form: TaskForm;
  patient: Patient | undefined;
}

/** A record's form, what the model says of it as it is typed, and what would change that. */
export function RecordPanel({ form, patient }: Props) {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const [own, setOwn] = useKept<Typed>(`predict ${form.task} ${patient?.id ?? ""}`, {});
  const sign = decimalSign();
  const held = useMemo(() => (patient ? heldBy(patient, form.fields, sign) : {}), [patient, form, sign]);
  const typed = { ...own, ...held };
  const { values, lacking } = recordOf(form.fields, typed, sign);
  const asked = askedOf(form.task, patient, values, held);
  const { query, settled } = usePrediction(asked, lacking.length === 0);
  const type = (name: string, text: string) => setOwn({ ...own, [name]: text });
  return (
    <Box sx={BESIDE}>
      <Panel title={t("form.title")} hint={t(hintOf(patient, Object.keys(held).length, form.fields.length))}>
        <Grid container spacing={2} component="form" noValidate onSubmit={(event) => event.preventDefault()}>
          {form.fields.map((field) => (
            <Grid key={field.name} size={{ xs: 12, sm: 6 }}>
              <FieldInput
                field={field}
                text={typed[field.name] ?? ""}
                held={field.name in held}
                onChange={(text) => type(field.name, text)}
              />
            </Grid>
          ))}
        </Grid>
        {Object.keys(held).length < form.fields.length && (
          <Stack direction="row" sx={{ flexWrap: "wrap", mt: 2 }}>
            <Button onClick={() => setOwn(typicalRecord(form.fields, sign))}>{t("form.typical")}</Button>
            <Button onClick={() => setOwn({})}>{t("form.clear")}</Button>
          </Stack>
        )}
      </Panel>
      <Stack spacing={3} sx={{ gridRow: { md: "1 / 3" }, gridColumn: { md: 2 }, minWidth: 0 }}>
        {lacking.length > 0 ? (
          <Lacking names={lacking} />
        ) : (
          <>
            <Panel title={say(form.title)}>
              {query.isFetching && <Progress label={t("answer.asking")} />}
              {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
              {/* There before what it is to say, else a screen reader would not say it. */}
              <Stack spacing={2} aria-live="polite" aria-busy={!settled} sx={{ opacity: settled ? 1 : 0.6 }}>
                {query.data && <Answer said={query.data} average={averageOf(query.data)} />}
              </Stack>
              <Recording key={JSON.stringify(asked)} asked={asked} patient={patient} ready={settled} />
            </Panel>
            {query.data && <Reasoning answer={query.data} form={form} values={values} />}
          </>
        )}
      </Stack>
      <Measured task={form.task} unit={form.target.unit} />
    </Box>
  );
}

/** The record and, below, how good the model is, beside the answer; where the window is narrow, the answer between. */
const BESIDE = {
  display: "grid",
  gap: 3,
  gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "minmax(0, 5fr) minmax(0, 7fr)" },
  gridTemplateRows: { md: "auto 1fr" },
  alignItems: "start",
} as const;

/** What is said of the values: where they come from, and what becomes of them. */
function hintOf(patient: Patient | undefined, held: number, all: number) {
  if (!patient) return "form.hint";
  if (held === 0) return "form.hintLacks";
  return held < all ? "form.hintSome" : "form.hintPatient";
}

/** With a patient only what their record does not hold is sent: the rest is read where it is kept. */
function askedOf(task: string, patient: Patient | undefined, values: Values, held: Typed): Asked {
  if (!patient) return { task, features: values };
  const added = Object.fromEntries(Object.entries(values).filter(([name]) => !(name in held)));
  return { task, patient_id: patient.id, features: added };
}

/** What the model says of a usual record, to stand beside an amount. */
function averageOf({ about, label, explanation }: PredictionAnswer): number | undefined {
  return about === null && label === null ? explanation?.baseline : undefined;
}

function Lacking({ names }: { names: readonly string[] }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  return (
    <Panel>
      <Empty title={t("form.lacking")}>{names.map((name) => words.feature(name)).join(", ")}</Empty>
    </Panel>
  );
}

function Reasoning({ answer, form, values }: { answer: PredictionAnswer; form: TaskForm; values: Values }) {
  const shown = useAmount(answer);
  return (
    <>
      {answer.explanation && <Drivers explanation={answer.explanation} shown={shown} />}
      <WhatIf form={form} values={values} answer={answer} />
    </>
  );
}

/** What is typed leaves no trace until somebody says so; the key makes sending it twice harmless. */
function Recording({ asked, patient, ready }: { asked: Asked; patient: Patient | undefined; ready: boolean }) {
  const { t } = useTranslation("predictions");
  const client = useQueryClient();
  const [key] = useState(() => newKey());
  const keeping = useMutation({
    mutationFn: () => recordPrediction(asked, key),
    onSuccess: () => client.invalidateQueries({ queryKey: ["predictions"] }),
  });
  if (keeping.isSuccess) return <Recorded task={asked.task} />;
  return (
    <Stack spacing={1} sx={{ mt: 2 }}>
      {keeping.error && <Failure error={keeping.error} />}
      <div>
        <Button variant="contained" disabled={!ready} loading={keeping.isPending} onClick={() => keeping.mutate()}>
          {patient ? t("record.patient", { name: `${patient.first_name} ${patient.last_name}` }) : t("record.nobody")}
        </Button>
      </div>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {t("record.hint")}
      </Typography>
    </Stack>
  );
}
