import { TextField } from "@mui/material";
import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { decimalSign, numberOf } from "../lib/decimal";
import { format } from "../lib/i18n";

interface Props {
  label: string;
  hint?: ReactNode;
  value: string;
  required?: boolean;
  onChange: (text: string) => void;
}

/**
 * A number with decimals, typed as the reader's language writes it. A browser's own number field would drop a comma and
 * take 27,5 for 275; here what is no number is said to be none, and its form is not sent.
 */
export function DecimalField({ label, hint, value, required = false, onChange }: Props) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const isNumber = value.trim() === "" || numberOf(value, decimalSign()) !== null;
  const wrong = isNumber ? "" : t("notANumber", { example: format().number(27.5) });
  useEffect(() => input.current?.setCustomValidity(wrong), [wrong]);
  return (
    <TextField
      label={label}
      required={required}
      error={!isNumber}
      helperText={wrong || hint}
      value={value}
      inputRef={input}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ htmlInput: { inputMode: "decimal", autoComplete: "off" } }}
    />
  );
}
