import { Box, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { ModelDetails } from "../../api-client/schema";
import { TextLink } from "../../components/LinkButton";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";

/** Where a version comes from: the run, the plan that hospitals approved, and who took part. */
export function Lineage({ version }: { version: ModelDetails }) {
  const { t } = useTranslation("models");
  const { moment } = format();
  const may = useMay();
  const { plan_hash: plan, run, institutions } = version.lineage;
  return (
    <Panel title={t("lineage")} hint={t("lineageHint")}>
      <Box component="dl" sx={{ display: "grid", gridTemplateColumns: { xs: "1fr", sm: "max-content 1fr" }, columnGap: 3, rowGap: { xs: 0, sm: 1 }, m: 0 }}>
        <Term name={t("trained")}>{moment(version.trained_at)}</Term>
        {typeof run === "string" && (
          <Term name={t("run")}>
            <TextLink to="/training/$run" params={{ run }}>
              {run}
            </TextLink>
          </Term>
        )}
        {typeof plan === "string" && (
          <Term name={t("plan")}>
            {may("getPlan") ? (
              <TextLink to="/plans/$hash" params={{ hash: plan }}>
                <code>{plan.slice(0, 16)}</code>
              </TextLink>
            ) : (
              <code>{plan.slice(0, 16)}</code>
            )}
          </Term>
        )}
        <Term name={t("institutions")}>{names(institutions).join(", ") || "–"}</Term>
        {version.training_round !== null && <Term name={t("round")}>{version.training_round}</Term>}
        <Term name={t("fingerprint")}>
          <code>{version.hash}</code>
        </Term>
      </Box>
    </Panel>
  );
}

function Term({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <Typography component="dt" sx={{ color: "text.secondary" }}>
        {name}
      </Typography>
      <Typography component="dd" sx={{ m: 0, mb: { xs: 1, sm: 0 }, overflowWrap: "anywhere" }}>
        {children}
      </Typography>
    </>
  );
}

/** The training writes a list of names, or a table by name. */
function names(institutions: unknown): string[] {
  if (Array.isArray(institutions)) return institutions.filter((each) => typeof each === "string");
  return typeof institutions === "object" && institutions !== null ? Object.keys(institutions) : [];
}
