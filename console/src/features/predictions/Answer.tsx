import { Alert, AlertTitle, Box, Stack, Typography } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { PredictionAnswer } from "../../api-client/schema";
import { Status } from "../../components/Status";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { endsOf } from "./drawing";
import { Scale } from "./Scale";
import { useWords } from "./words";

type Shown = Omit<PredictionAnswer, "id" | "task" | "model_version" | "explanation">;

/** What the model says, how sure it is, and whether it knows such records at all. */
export function Answer({ said, average }: { said: Shown; average?: number | undefined }) {
  const { t } = useTranslation("predictions");
  const assumed = said.warnings.filter((warning) => !said.reasons.includes(warning));
  return (
    <Stack spacing={2}>
      {said.about === null ? <Amount said={said} average={average} /> : <Chance said={said} about={said.about} />}
      {said.outside && (
        <Alert severity="warning">
          <AlertTitle>{t("answer.outside")}</AlertTitle>
          {t("answer.outsideText")}
          <Reasons list={said.reasons} />
        </Alert>
      )}
      {assumed.length > 0 && (
        <Alert severity="info">
          <AlertTitle>{t("answer.assumed")}</AlertTitle>
          <Reasons list={assumed} />
        </Alert>
      )}
    </Stack>
  );
}

function Amount({ said, average }: { said: Shown; average: number | undefined }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const shown = (value: number) => format().quantity(value, words.unit(said.unit));
  const { value, low, high } = said;
  const all = [value, low ?? value, high ?? value, average ?? value];
  const interval = low === null || high === null ? t("answer.noInterval") : t("answer.interval", { low: shown(low), high: shown(high) });
  return (
    <Box>
      <Typography sx={BIG} component="p">
        {shown(value)}
      </Typography>
      <Typography>{interval}</Typography>
      <Scale
        ends={endsOf(all, low === 0 || Math.min(...all) >= 0 ? 0 : null)}
        label={`${shown(value)}. ${interval}`}
        value={value}
        band={low === null || high === null ? undefined : { from: low, to: high, tone: "known" }}
        marks={average === undefined ? [] : [{ at: average, name: t("answer.average", { value: shown(average) }) }]}
        shown={shown}
      />
    </Box>
  );
}

function Chance({ said, about }: { said: Shown; about: string }) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const percent = (share: number) => format().percent(share, 1);
  const named = { label: words.category(about), value: percent(said.value) };
  const [from, to] = [said.unsure_from ?? null, said.unsure_to ?? null];
  const banded = from !== null && to !== null && from < to;
  const band = banded ? t("answer.band", { from: percent(from), to: percent(to) }) : "";
  const threshold = said.threshold === null ? "" : t("answer.threshold", { value: percent(said.threshold), label: named.label });
  return (
    <Box>
      <Stack direction="row" sx={{ columnGap: 1.5, rowGap: 0.5, mb: 1, alignItems: "center", flexWrap: "wrap" }}>
        <Typography sx={BIG} component="p">
          {t("answer.chance", named)}
        </Typography>
        {said.not_sure ? (
          <Status tone="warning" label={t("answer.notSure")} />
        ) : (
          said.label && <Status tone="info" label={t("answer.says", { label: words.category(said.label) })} />
        )}
      </Stack>
      {said.not_sure && <Typography>{t(said.outside ? "answer.notSureOutside" : "answer.notSureText")}</Typography>}
      <Scale
        ends={[0, 1]}
        label={[`${t("answer.chance", named)}.`, threshold, band].filter(Boolean).join(" ")}
        value={said.value}
        band={banded ? { from, to, tone: "unsure" } : undefined}
        marks={said.threshold === null ? [] : [{ at: said.threshold, name: percent(said.threshold) }]}
        shown={percent}
      />
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {[threshold, band].filter(Boolean).join(" ")}
      </Typography>
      {said.probabilities.length > 2 && (
        <ul>
          {said.probabilities.map(({ label, probability }) => (
            <li key={label}>
              {words.category(label)}: {percent(probability)}
            </li>
          ))}
        </ul>
      )}
    </Box>
  );
}

function Reasons({ list }: { list: readonly string[] }) {
  const say = useSaid();
  return (
    <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
      {list.map((reason) => (
        <li key={reason}>{say(reason)}</li>
      ))}
    </Box>
  );
}

const BIG = { fontSize: "2rem", fontWeight: 650, letterSpacing: "-0.01em", fontVariantNumeric: "tabular-nums" } as const;
