import { Alert, Button, FormControlLabel, Radio, RadioGroup, Stack } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "../../components/Failure";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { newKey } from "../../lib/key";
import { importFile, patientsKey, type Mode } from "./api";
import { FileDrop } from "./FileDrop";
import { Preview, Problems, Summary } from "./ImportReport";
import { refusalOf } from "./refusal";

/** Patients from a file: first looked at, with nothing stored, then taken in as a whole or by its good rows. */
export function ImportPage() {
  const { t } = useTranslation("patients");
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<Mode>("all_or_nothing");
  const key = useRef("");
  const looking = useMutation({
    mutationFn: (chosen: File) => importFile({ file: chosen, mode: "good_rows", dry_run: true }),
  });
  const taking = useMutation({
    mutationFn: (chosen: File) => importFile({ file: chosen, mode, dry_run: false, key: key.current }),
    onSuccess: () => client.invalidateQueries({ queryKey: patientsKey }),
  });

  function choose(chosen: File): void {
    // One key for one file and one way of taking it in: sent again after a failure, it is still one import.
    key.current = newKey();
    setFile(chosen);
    setMode("all_or_nothing");
    taking.reset();
    looking.mutate(chosen);
  }

  const looked = looking.data;
  const done = taking.data;
  const blocked = !looked || looked.imported === 0 || (looked.refused > 0 && mode === "all_or_nothing");
  return (
    <Page title={t("import.title")} lead={t("import.lead")}>
      {!done && (
        <Panel title={t("import.file")} hint={t("import.columns")}>
          <FileDrop file={file} busy={looking.isPending} onFile={choose} />
        </Panel>
      )}
      {looking.error && <Failure error={looking.error} retry={file ? () => looking.mutate(file) : undefined} />}
      {looked && file && !done && (
        <Panel title={t("import.preview")}>
          <Stack spacing={2}>
            <Summary report={looked} />
            <Preview report={looked} />
            <Problems report={looked} name={file.name} />
            {looked.refused > 0 && looked.imported > 0 && (
              <RadioGroup
                aria-label={t("import.mode")}
                value={mode}
                onChange={(_, value) => {
                  key.current = newKey();
                  setMode(value === "good_rows" ? "good_rows" : "all_or_nothing");
                }}
              >
                <FormControlLabel value="all_or_nothing" control={<Radio />} label={t("import.allOrNothing")} />
                <FormControlLabel
                  value="good_rows"
                  control={<Radio />}
                  label={t("import.goodRows", { count: looked.imported, number: format().number(looked.imported) })}
                />
              </RadioGroup>
            )}
            {taking.error && <Failure error={taking.error} />}
            {refusalOf(taking.error) && <Problems report={refusalOf(taking.error)} name={file.name} />}
            <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap" }}>
              <Button variant="contained" disabled={blocked} loading={taking.isPending} onClick={() => taking.mutate(file)}>
                {t("import.take", { count: looked.imported, number: format().number(looked.imported) })}
              </Button>
              <LinkButton to="/patients">{t("form.back")}</LinkButton>
            </Stack>
          </Stack>
        </Panel>
      )}
      {done && file && (
        <Panel title={t("import.report")}>
          <Stack spacing={2}>
            <Alert severity="success">
              {t("import.done", { count: done.imported, number: format().number(done.imported) })}
            </Alert>
            <Summary report={done} />
            <Problems report={done} name={file.name} />
            <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap" }}>
              <LinkButton to="/patients" variant="contained">
                {t("import.see")}
              </LinkButton>
              <Button
                onClick={() => {
                  setFile(null);
                  looking.reset();
                  taking.reset();
                }}
              >
                {t("import.another")}
              </Button>
            </Stack>
          </Stack>
        </Panel>
      )}
    </Page>
  );
}
