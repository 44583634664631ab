import { Box, Typography } from "@mui/material";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { lazyPart } from "../../components/lazyPart";
import { Page } from "../../components/Page";
import { useMay, useMe } from "../../lib/session";
import { PLACES } from "../places";
import { markSeen, wasSeen } from "../tour/tour";
import { Aside, Glance } from "./Glance";
import { ModelsGlance } from "./ModelsGlance";
import { PatientsGlance } from "./PatientsGlance";
import { TrainingGlance } from "./TrainingGlance";

const ConsortiumGlances = lazyPart(() => import("./ConsortiumGlances"));
const HospitalGlances = lazyPart(() => import("./HospitalGlances"));
const Tour = lazyPart(() => import("../tour/Tour"));
const cards = (least: number, fill: "auto-fit" | "auto-fill") => ({
  display: "grid",
  gap: 2,
  gridTemplateColumns: `repeat(${fill}, minmax(min(100%, ${least}px), 1fr))`,
});

/** Where somebody who has just signed in begins: how things stand, what there is for them, and what it is for. */
export function OverviewPage() {
  const { t } = useTranslation("overview");
  const me = useMe();
  const lead = me.institution ? t("at", { institution: me.institution }) : t("consortium");
  return (
    <>
      <Page title={t("title", { name: me.name })} lead={lead}>
        <Glances />
        <Typography variant="h2">{t("places")}</Typography>
        <Places />
      </Page>
      <FirstTour />
    </>
  );
}

/** What the role may know of what happens now. */
function Glances() {
  const may = useMay();
  return (
    <Box sx={cards(may("createInstitution") ? 230 : 300, "auto-fit")}>
      {may("listPatients") && <PatientsGlance />}
      <ModelsGlance />
      <TrainingGlance />
      <Suspense>
        {may("getBudget") && <HospitalGlances />}
        {may("createInstitution") && <ConsortiumGlances />}
      </Suspense>
    </Box>
  );
}

function Places() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Box sx={cards(300, "auto-fill")}>
      {PLACES.filter(({ to, needs }) => to !== "/" && may(needs)).map(({ to, key }) => (
        <Glance key={key} icon={key} title={t(`places.${key}.name`)} to={to}>
          <Aside>{t(`places.${key}.text`)}</Aside>
        </Glance>
      ))}
    </Box>
  );
}

/** The tour, by itself at the first time and whenever it is asked for. */
function FirstTour() {
  const { role } = useMe();
  const { tour } = useSearch({ from: "/inside/" });
  const navigate = useNavigate();
  const [first, setFirst] = useState(() => !wasSeen(role));

  function close(): void {
    markSeen(role);
    setFirst(false);
    if (tour) void navigate({ to: "/", search: {}, replace: true });
  }

  if (!first && !tour) return null;
  return (
    <Suspense>
      <Tour onClose={close} />
    </Suspense>
  );
}
