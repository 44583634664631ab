import { FormControl, FormHelperText, InputLabel, OutlinedInput, type OutlinedInputProps } from "@mui/material";
import { useId } from "react";

type Props = Omit<OutlinedInputProps, "id" | "label"> & { label: string; helperText?: string };

/** A field with its label. Material's TextField brings lists and menus along, which the first page need not load. */
export function Field({ label, helperText, error, required, ...input }: Props) {
  const id = useId();
  const help = `${id}-help`;
  return (
    <FormControl fullWidth size="small" error={error} required={required}>
      <InputLabel htmlFor={id}>{label}</InputLabel>
      <OutlinedInput {...input} id={id} label={label} aria-describedby={helperText ? help : undefined} />
      {helperText && <FormHelperText id={help}>{helperText}</FormHelperText>}
    </FormControl>
  );
}
