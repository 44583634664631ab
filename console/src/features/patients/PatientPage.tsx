import { Box, Button, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { patientQuery } from "./api";
import { Deeds } from "./Deeds";
import { useDelete } from "./deletion";
import { Predictions } from "./Predictions";
import { Rights } from "./Rights";

/** One patient: the record, what was predicted, who did what with it, and the patient's own rights. */
export function PatientPage() {
  const { t } = useTranslation("patients");
  const may = useMay();
  const { patientId } = useParams({ from: "/inside/patients/$patientId" });
  const query = useQuery(patientQuery(patientId));
  const patient = query.data;
  return (
    <Page
      title={patient ? `${patient.first_name} ${patient.last_name}` : t("one.title")}
      tab={t("one.title")}
      actions={patient && <Actions patient={patient} />}
    >
      <Fetched query={query}>
        {(found) => (
          <>
            <Panel title={t("one.record")}>
              <Record patient={found} />
            </Panel>
            {may("listPredictions") && <Predictions patientId={patientId} />}
            {may("listAudit") && <Deeds patientId={patientId} />}
            {(may("exportPatient") || may("erasePatient")) && <Rights patient={found} />}
          </>
        )}
      </Fetched>
      <Box>
        <LinkButton to="/patients">{t("one.back")}</LinkButton>
      </Box>
    </Page>
  );
}

function Actions({ patient }: { patient: Patient }) {
  const { t } = useTranslation("patients");
  const may = useMay();
  const navigate = useNavigate();
  const remove = useDelete();
  async function leave(): Promise<void> {
    // The list sends what waits when it is left, so it has to be there before.
    await navigate({ to: "/patients" });
    remove(patient);
  }
  return (
    <>
      {may("deletePatient") && (
        <Button color="error" onClick={() => void leave()}>
          {t("delete.action")}
        </Button>
      )}
      {may("updatePatient") && (
        <LinkButton to="/patients/$patientId/edit" params={{ patientId: patient.id }} variant="outlined">
          {t("one.edit")}
        </LinkButton>
      )}
      {may("predict") && (
        <LinkButton to="/predict" search={{ patient: patient.id }} variant="contained">
          {t("one.predict")}
        </LinkButton>
      )}
    </>
  );
}

function Record({ patient }: { patient: Patient }) {
  const { t } = useTranslation("patients");
  const { number, money, moment } = format();
  const cost = patient.insurance_cost;
  const facts = [
    ["age", t("one.years", { number: number(patient.age), count: patient.age })],
    ["sex", t(`sex.${patient.sex}`)],
    ["bmi", `${number(patient.bmi, 1)} kg/m²`],
    ["children", number(patient.children)],
    ["smoker", t(`smoker.${patient.smoker}`)],
    ["region", patient.region],
    ["insurance_cost", cost === null ? t("unknown") : t("one.aYear", { cost: money(cost) })],
  ] as const;
  return (
    <Stack spacing={2}>
      <Box component="dl" sx={{ m: 0, display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))" }}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
              {name === "bmi" ? <Hint text={t("hints.bmi")}>{t("plain.bmi")}</Hint> : t([`plain.${name}`, `fields.${name}`])}
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontWeight: 600, overflowWrap: "anywhere" }}>
              {value}
            </Typography>
          </div>
        ))}
      </Box>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {t("one.times", { created: moment(patient.created_at), updated: moment(patient.updated_at) })}
      </Typography>
    </Stack>
  );
}
