import { Autocomplete, Box, Button, MenuItem, Stack, TextField } from "@mui/material";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useLater } from "../../lib/later";
import { REGIONS } from "./fields";
import { SEXES, SMOKERS, within, type Bound, type Filters } from "./search";

interface Props {
  filters: Filters;
  words: string;
  onWords: (words: string) => void;
  onChange: (parts: Filters) => void;
  onClear: () => void;
}

/** What narrows the list. Everything works as it is typed; the name alone stays out of the address. */
export function FilterBar({ filters, words, onWords, onChange, onClear }: Props) {
  const { t } = useTranslation("patients");
  const set = Object.keys(filters).length;
  const [open, setOpen] = useState(set > 0);
  return (
    <Stack component="search" spacing={2} aria-label={t("filters.label")}>
      <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap", alignItems: "center" }}>
        <SearchField words={words} onWords={onWords} />
        <Button aria-expanded={open} aria-controls="patient-filters" onClick={() => setOpen(!open)}>
          {set > 0 ? t("filters.some", { count: set }) : t("filters.open")}
        </Button>
        {(set > 0 || words !== "") && <Button onClick={onClear}>{t("filters.clear")}</Button>}
      </Stack>
      {open && (
        <Box
          id="patient-filters"
          sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr 1fr", sm: "repeat(auto-fill, minmax(200px, 1fr))" } }}
        >
          <Choice label={t("fields.sex")} values={SEXES} value={filters.sex} name={(sex) => t(`sex.${sex}`)} onChange={(sex) => onChange({ sex })} />
          <Choice label={t("fields.smoker")} values={SMOKERS} value={filters.smoker} name={(smoker) => t(`smoker.${smoker}`)} onChange={(smoker) => onChange({ smoker })} />
          <Region value={filters.region} onChange={(region) => onChange({ region })} />
          {(["age_min", "age_max", "cost_min", "cost_max"] as const).map((bound) => (
            <Limit key={bound} bound={bound} value={filters[bound]} onChange={(value) => onChange({ [bound]: value })} />
          ))}
        </Box>
      )}
    </Stack>
  );
}

function SearchField({ words, onWords }: { words: string; onWords: (words: string) => void }) {
  const { t } = useTranslation("patients");
  const [typed, setTyped] = useState(words);
  const later = useLater(250);
  return (
    <TextField
      type="search"
      label={t("filters.search")}
      autoComplete="off"
      value={typed}
      onChange={({ target: { value } }) => {
        setTyped(value);
        later(() => onWords(value.trim()));
      }}
      slotProps={{ htmlInput: { maxLength: 100 } }}
      sx={{ maxWidth: 420 }}
    />
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  values: readonly T[];
  value: T | undefined;
  name: (value: T) => string;
  onChange: (value: T | undefined) => void;
}

function Choice<T extends string>({ label, values, value, name, onChange }: ChoiceProps<T>) {
  const { t } = useTranslation("patients");
  return (
    <TextField
      select
      label={label}
      value={value ?? ""}
      onChange={(event) => onChange(values.find((each) => each === event.target.value))}
    >
      <MenuItem value="">{t("filters.any")}</MenuItem>
      {values.map((each) => (
        <MenuItem key={each} value={each}>
          {name(each)}
        </MenuItem>
      ))}
    </TextField>
  );
}

function Region({ value, onChange }: { value: string | undefined; onChange: (region: string | undefined) => void }) {
  const { t } = useTranslation("patients");
  const [typed, setTyped] = useState(value ?? "");
  const later = useLater(400);
  return (
    <Autocomplete
      freeSolo
      options={REGIONS}
      inputValue={typed}
      onInputChange={(_, text) => {
        setTyped(text);
        later(() => onChange(text.trim() || undefined));
      }}
      renderInput={(parts) => <TextField {...parts} label={t("fields.region")} />}
    />
  );
}

interface LimitProps {
  bound: Bound;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

function Limit({ bound, value, onChange }: LimitProps) {
  const { t } = useTranslation("patients");
  const [typed, setTyped] = useState(value === undefined ? "" : String(value));
  const later = useLater(400);
  const number = /^\d+$/.test(typed.trim()) ? within(bound, Number(typed)) : undefined;
  const wrong = typed.trim() !== "" && number === undefined;
  return (
    <TextField
      label={t(`filters.${bound}`)}
      value={typed}
      error={wrong}
      helperText={wrong ? t(`filters.wrong.${bound}`) : undefined}
      onChange={({ target }) => {
        setTyped(target.value);
        const text = target.value.trim();
        const next = /^\d+$/.test(text) ? within(bound, Number(text)) : undefined;
        if (text === "" || next !== undefined) later(() => onChange(next));
      }}
      slotProps={{ htmlInput: { inputMode: "numeric", autoComplete: "off" } }}
    />
  );
}
