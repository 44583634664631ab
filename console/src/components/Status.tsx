import { Chip } from "@mui/material";

type Tone = "success" | "info" | "warning" | "error" | "default";

/** A state as a word and a colour; never a colour alone. */
export function Status({ label, tone }: { label: string; tone: Tone }) {
  return <Chip size="small" variant="outlined" label={label} color={tone} />;
}
