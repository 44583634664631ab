import { Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Figures } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { useMe } from "../../lib/session";
import { figuresQuery } from "./api";
import { useWords } from "./words";

const TOLD = ["mae", "r2", "auc", "accuracy", "sensitivity", "specificity"] as const;

/** Which version answers, and how far off it was when it was measured: on this hospital's own rows if they were there. */
export function Measured({ task, unit }: { task: string; unit: string | null }) {
  const { t } = useTranslation("predictions");
  const figures = useQuery(figuresQuery(task));
  return (
    <Panel title={t("measured.title")}>
      <Fetched query={figures} lines={2}>
        {(data) => <Told data={data} unit={unit} />}
      </Fetched>
    </Panel>
  );
}

function Told({ data, unit }: { data: Figures; unit: string | null }) {
  const { t } = useTranslation("predictions");
  const { institution } = useMe();
  const words = useWords();
  const own = institution === null ? undefined : data.institutions[institution];
  const shown = (name: (typeof TOLD)[number], value: number) => {
    if (name === "mae") return format().quantity(value, words.unit(unit));
    return name === "auc" || name === "r2" ? format().number(value) : format().percent(value);
  };
  const told = TOLD.flatMap((name) => {
    const value = (own ?? data.metrics)[name];
    return typeof value === "number" ? [{ name, text: shown(name, value) }] : [];
  });
  return (
    <Stack spacing={1}>
      <Typography>
        {own ? t("measured.own", { institution }) : t("measured.pooled", { institution: institution ?? "" })}
      </Typography>
      <Stack component="dl" direction="row" sx={{ m: 0, gap: 3, flexWrap: "wrap" }}>
        {told.map(({ name, text }) => (
          <div key={name}>
            <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
              <Hint text={t(`measured.${name}Hint`)}>{t(`measured.${name}`)}</Hint>
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontSize: "1.25rem", fontWeight: 620 }}>
              {text}
            </Typography>
          </div>
        ))}
      </Stack>
      <Typography variant="body2" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
        {t("measured.version", { version: data.version, when: format().date(data.trained_at) })}
        {data.judged_on && ` ${t(data.judged_on === "validation" ? "measured.validation" : "measured.judged", { rows: data.judged_on })}`}
      </Typography>
    </Stack>
  );
}
