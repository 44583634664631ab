import { Box, Typography } from "@mui/material";
import { useId, type ComponentProps } from "react";

type Props = Omit<ComponentProps<"input">, "id"> & { label: string; helperText?: string; error?: boolean };

/** A field under its label. Material's fields are a tenth of what the first page would load. */
export function Field({ label, helperText, error, ...input }: Props) {
  const id = useId();
  const help = `${id}-help`;
  return (
    <Box>
      <Typography component="label" variant="body2" htmlFor={id} sx={{ display: "block", mb: 0.5, color: "text.secondary" }}>
        {label}
      </Typography>
      <Box
        component="input"
        {...input}
        id={id}
        aria-invalid={error ?? false}
        aria-describedby={helperText ? help : undefined}
        sx={error ? { ...INPUT, borderColor: "error.main" } : INPUT}
      />
      {helperText && (
        <Typography id={help} variant="body2" sx={{ mt: 0.5, color: error ? "error.main" : "text.secondary" }}>
          {helperText}
        </Typography>
      )}
    </Box>
  );
}

const INPUT = {
  width: "100%",
  px: 1.5,
  py: 1.125,
  font: "inherit",
  color: "inherit",
  bgcolor: "transparent",
  border: 1,
  borderColor: "text.secondary",
  borderRadius: 1,
  "&:focus-visible": { outline: "2px solid", outlineColor: "primary.main", outlineOffset: -2 },
} as const;
