import { Alert, Button, Stack, Typography } from "@mui/material";
import Grid from "@mui/material/Grid";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { ImagePredictionAnswer, Patient, Pictures, TaskForm } from "../../api-client/schema";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { newKey } from "../../lib/key";
import { Answer } from "./Answer";
import { predictImage, viewImage } from "./api";
import { Drop } from "./Drop";
import { Examples } from "./Examples";
import { Measured } from "./Measured";
import { Film, Picture } from "./Picture";
import { Recorded } from "./Recorded";

interface Props {
  form: TaskForm;
  image: Pictures;
  patient: Patient | undefined;
}

interface Shown {
  file: File;
  /** Of this very choice of a file: the file's name may be a patient's and is used nowhere. */
  key: string;
}

/** Drop an image: see it, what the model makes of it, and which places of it speak for that. */
export function ImagePanel({ form, image, patient }: Props) {
  const { t } = useTranslation("predictions");
  const say = useSaid();
  const [shown, setShown] = useState<Shown | null>(null);
  const fits = (shown?.file.size ?? 0) <= image.most_bytes;
  const query = useQuery({
    queryKey: ["image", form.task, shown?.key, patient?.id],
    queryFn: ({ signal }) => predictImage({ ...asked(form, shown), patient: patient?.id, record: false }, signal),
    enabled: shown !== null && fits,
    gcTime: 0,
  });
  const choose = (file: File) => setShown({ file, key: newKey() });
  return (
    <Grid container spacing={3}>
      <Grid size={{ xs: 12, md: 6 }}>
        <Panel title={t("image.title")} hint={t("image.hint")}>
          <Stack spacing={2}>
            <Drop
              accept="image/png,image/jpeg,.dcm,application/dicom"
              label={t("image.drop", { formats: image.formats.join(", "), size: format().bytes(image.most_bytes) })}
              onFile={choose}
            />
            {!shown && <Examples task={form.task} onFile={choose} />}
            {!fits && <Alert severity="error">{t("image.large", { size: format().bytes(image.most_bytes) })}</Alert>}
            {shown && fits && <Seen key={shown.key} shown={shown} answer={query.data} />}
          </Stack>
        </Panel>
      </Grid>
      <Grid size={{ xs: 12, md: 6 }}>
        <Stack spacing={3}>
          <Panel title={say(form.title)}>
            {query.isFetching && <Progress label={t("answer.asking")} />}
            {query.error && <Failure error={query.error} retry={() => void query.refetch()} />}
            {!shown && <Empty title={t("image.none")}>{t("image.noneText")}</Empty>}
            <div aria-live="polite">
              {query.data && shown && (
                <>
                  <Answer said={query.data} />
                  <Recording key={`${shown.key} ${patient?.id ?? ""}`} form={form} shown={shown} patient={patient} />
                </>
              )}
            </div>
          </Panel>
          <Measured task={form.task} unit={form.target.unit} />
        </Stack>
      </Grid>
    </Grid>
  );
}

function asked(form: TaskForm, shown: Shown | null) {
  if (!shown) throw new Error("there is no image to ask about");
  return { task: form.task, image: shown.file, key: shown.key };
}

/** The file as it is where the browser can draw it; otherwise, as of DICOM, by its own grey values. */
function Seen({ shown, answer }: { shown: Shown; answer: ImagePredictionAnswer | undefined }) {
  const { t } = useTranslation("predictions");
  const drawn = useDrawn(shown.file);
  const view = useQuery({
    queryKey: ["image", "view", shown.key],
    queryFn: ({ signal }) => viewImage(shown.file, signal),
    enabled: drawn === null,
    gcTime: 0,
  });
  if (drawn === undefined) return null;
  if (drawn !== null) return <Picture source={drawn} heat={answer?.heat_map} />;
  if (view.data) return <Film view={view.data} heat={answer?.heat_map} />;
  // What is no image at all is said beside it, once.
  if (view.error) return answer ? <Failure error={view.error} retry={() => void view.refetch()} /> : null;
  return <Progress label={t("image.waiting")} />;
}

/** The file's address where the browser can draw it, null where it cannot; undefined until that is known. */
function useDrawn(file: File): string | null | undefined {
  const [drawn, setDrawn] = useState<string | null>();
  useEffect(() => {
    const address = URL.createObjectURL(file);
    const probe = new Image();
    probe.onload = () => setDrawn(address);
    probe.onerror = () => setDrawn(null);
    probe.src = address;
    return () => {
      probe.onload = probe.onerror = null;
      URL.revokeObjectURL(address);
    };
  }, [file]);
  return drawn;
}

function Recording({ form, shown, patient }: { form: TaskForm; shown: Shown; patient: Patient | undefined }) {
  const { t } = useTranslation("predictions");
  const client = useQueryClient();
  const [key] = useState(() => newKey());
  const keeping = useMutation({
    mutationFn: () => predictImage({ ...asked(form, shown), key, patient: patient?.id, record: true }, new AbortController().signal),
    onSuccess: () => client.invalidateQueries({ queryKey: ["predictions"] }),
  });
  if (keeping.isSuccess) return <Recorded task={form.task} />;
  return (
    <Stack spacing={1} sx={{ mt: 2 }}>
      {keeping.error && <Failure error={keeping.error} />}
      <div>
        <Button variant="contained" loading={keeping.isPending} onClick={() => keeping.mutate()}>
          {patient ? t("record.patient", { name: `${patient.first_name} ${patient.last_name}` }) : t("record.nobody")}
        </Button>
      </div>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {t("record.hintImage")}
      </Typography>
    </Stack>
  );
}
