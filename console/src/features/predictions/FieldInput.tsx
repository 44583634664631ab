import { InputAdornment, MenuItem, TextField } from "@mui/material";
import { useTranslation } from "react-i18next";

import { decimalSign } from "../../lib/decimal";
import { format } from "../../lib/i18n";
import { doubtOf, isRefused, rangeOf, valueOf, type Field } from "./record";
import { useWords } from "./words";

interface Props {
  field: Field;
  text: string;
  /** Whether it comes from a patient's record, and is changed there. */
  held: boolean;
  onChange: (text: string) => void;
}

/** One feature: its unit, what the model knows of it, and what is doubtful about what is typed. */
export function FieldInput({ field, text, held, onChange }: Props) {
  const { t } = useTranslation("predictions");
  const words = useWords();
  const doubt = doubtOf(field, valueOf(field, text, decimalSign()));
  const known = useKnown(field);
  const helpOf = () => {
    if (doubt === "notANumber") return t("common:notANumber", { example: format().number(27.5) });
    if (doubt) return t(`form.${doubt}`, { known });
    return held ? "" : known;
  };
  const shared = {
    label: words.feature(field.name),
    value: text,
    required: field.required,
    error: isRefused(doubt) || doubt === "impossible",
    helperText: helpOf(),
  };
  if (held) {
    const shown = field.kind === "category" ? words.category(text) : text;
    const unit = field.kind === "number" ? words.unit(field.unit) : "";
    return <TextField {...shared} value={shown} slotProps={{ input: { readOnly: true, ...ending(unit) } }} />;
  }
  if (field.kind === "category") {
    return (
      <TextField {...shared} select onChange={(event) => onChange(event.target.value)}>
        {!field.required && <MenuItem value="">{t("form.unknown")}</MenuItem>}
        {field.categories.map((name) => (
          <MenuItem key={name} value={name}>
            {words.category(name)}
          </MenuItem>
        ))}
      </TextField>
    );
  }
  return (
    <TextField
      {...shared}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{
        input: ending(words.unit(field.unit)),
        htmlInput: { inputMode: "decimal", autoComplete: "off" },
      }}
    />
  );
}

const ending = (unit: string) => (unit ? { endAdornment: <InputAdornment position="end">{unit}</InputAdornment> } : {});

/** What the model knows of a feature, in a few words. */
function useKnown(field: Field): string {
  const { t } = useTranslation("predictions");
  if (field.kind === "category") return field.required ? "" : t("form.optional");
  const [low, high] = rangeOf(field, field.typical).map((end) => format().number(end, 6));
  const range = t("form.knows", { low, high });
  return field.required ? range : `${range} · ${t("form.optional")}`;
}
