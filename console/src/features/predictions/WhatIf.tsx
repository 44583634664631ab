import { Box, Button, MenuItem, Slider, Stack, TextField, Typography } from "@mui/material";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { NumberField, PredictionAnswer, TaskForm } from "../../api-client/schema";
import { Failure } from "../../components/Failure";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { rangeOf, stepOf, typicalOf, type Field, type Values } from "./record";
import { useAmount } from "./useAmount";
import { usePrediction } from "./usePrediction";
import { useWords } from "./words";

const SHOWN = 8;

interface Props {
  form: TaskForm;
  /** The record as it is. */
  values: Values;
  answer: PredictionAnswer;
}

/** What the model would say were one thing or another different. Nothing of it is kept or becomes the record's. */
export function WhatIf({ form, values, answer }: Props) {
  const { t } = useTranslation("predictions");
  const [changed, setChanged] = useState<Values>({});
  const [all, setAll] = useState(false);
  const differing = Object.entries(changed).filter(([name, value]) => values[name] !== value);
  const { query, settled } = usePrediction({ task: form.task, features: { ...values, ...changed } }, differing.length > 0);
  const isAsking = differing.length > 0 && !settled;
  const weights = new Map(answer.explanation?.contributions.map(({ feature }, place) => [feature, place]));
  const fields = form.fields.toSorted((one, other) => (weights.get(one.name) ?? 0) - (weights.get(other.name) ?? 0));
  const shown = all ? fields : fields.slice(0, SHOWN);
  return (
    <Panel
      title={t("whatIf.title")}
      hint={t("whatIf.hint")}
      actions={
        <Button disabled={differing.length === 0} onClick={() => setChanged({})}>
          {t("whatIf.back")}
        </Button>
      }
    >
      <Box aria-live="polite" aria-busy={isAsking} sx={{ minHeight: 56, opacity: isAsking ? 0.6 : 1 }}>
        {query.error && differing.length > 0 && <Failure error={query.error} />}
        <Outcome answer={answer} other={differing.length > 0 ? query.data : undefined} />
      </Box>
      <Stack spacing={1.5}>
        {shown.map((field) => (
          <Lever
            key={field.name}
            field={field}
            value={changed[field.name] ?? values[field.name]}
            onChange={(value) => setChanged({ ...changed, [field.name]: value })}
          />
        ))}
      </Stack>
      {fields.length > SHOWN && (
        <Button onClick={() => setAll(!all)} sx={{ mt: 1 }}>
          {all ? t("whatIf.fewer") : t("whatIf.all", { count: fields.length })}
        </Button>
      )}
    </Panel>
  );
}

function Outcome({ answer, other }: { answer: PredictionAnswer; other: PredictionAnswer | undefined }) {
  const { t } = useTranslation("predictions");
  const amount = useAmount(answer);
  if (!other) return <Typography sx={{ color: "text.secondary" }}>{t("whatIf.same")}</Typography>;
  const difference = other.value - answer.value;
  const size = amount(Math.abs(difference));
  const words = size === amount(0) ? "whatIf.equal" : difference > 0 ? "whatIf.more" : "whatIf.less";
  return (
    <>
      <Typography sx={{ fontSize: "1.4rem", fontWeight: 620, fontVariantNumeric: "tabular-nums" }}>
        {amount(other.value)}
        <Typography component="span" sx={{ ml: 1.5, color: "text.secondary" }}>
          {t(words, { size })}
        </Typography>
      </Typography>
      {other.outside && <Typography sx={{ color: "warning.main" }}>{t("answer.outside")}</Typography>}
      {other.model_version !== answer.model_version && <Typography>{t("whatIf.version")}</Typography>}
    </>
  );
}

interface LeverProps {
  field: Field;
  value: number | string | undefined;
  onChange: (value: number | string) => void;
}

function Lever({ field, value, onChange }: LeverProps) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  if (field.kind === "number") return <NumberLever field={field} value={value === undefined ? typicalOf(field) : Number(value)} onChange={onChange} />;
  return (
    <TextField
      select
      label={words.feature(field.name)}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value)}
      sx={{ maxWidth: 320 }}
      slotProps={{ select: { displayEmpty: value !== undefined } }}
    >
      {value === undefined && <MenuItem value="">{t("form.unknown")}</MenuItem>}
      {typeof value === "string" && !field.categories.includes(value) && <MenuItem value={value}>{value}</MenuItem>}
      {field.categories.map((name) => (
        <MenuItem key={name} value={name}>
          {words.category(name)}
        </MenuItem>
      ))}
    </TextField>
  );
}

function NumberLever({ field, value, onChange }: { field: NumberField; value: number; onChange: (value: number) => void }) {
  const words = useWords();
  const id = useId();
  const [low, high] = rangeOf(field, value);
  const text = `${format().number(value, 6)} ${words.unit(field.unit)}`.trim();
  return (
    <Box>
      <Stack direction="row" sx={{ justifyContent: "space-between" }}>
        <Typography id={id}>{words.feature(field.name)}</Typography>
        <Typography sx={{ fontVariantNumeric: "tabular-nums" }}>{text}</Typography>
      </Stack>
      <Box sx={{ px: 1.25 }}>
        <Slider
          size="small"
          aria-labelledby={id}
          getAriaValueText={() => text}
          min={low}
          max={high}
          step={stepOf(field)}
          value={value}
          onChange={(_, chosen) => onChange(chosen)}
        />
      </Box>
    </Box>
  );
}
