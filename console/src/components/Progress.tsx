import { Box } from "@mui/material";

interface Props {
  /** What goes on, for who cannot see it. */
  label: string;
  /** How much of it is done, from 0 to 100; left out where nobody knows. */
  value?: number;
  height?: number;
}

/** How far something is. Material's own is a file more on the first load, for one bar. */
export function Progress({ label, value, height = 4 }: Props) {
  const known = value === undefined ? {} : { "aria-valuenow": Math.round(value), "aria-valuemin": 0, "aria-valuemax": 100 };
  return (
    <Box role="progressbar" aria-label={label} {...known} sx={{ ...GROUND, height, borderRadius: height / 8 }}>
      <Box sx={value === undefined ? RUNNING : { ...BAR, width: `${value}%`, transition: "width 300ms" }} />
    </Box>
  );
}

const GROUND = { width: "100%", overflow: "hidden", bgcolor: "rgba(var(--mui-palette-primary-mainChannel) / 0.25)" } as const;
const BAR = { height: "100%", bgcolor: "primary.main" } as const;
const RUNNING = {
  ...BAR,
  width: "40%",
  animation: "progress 1.6s ease-in-out infinite",
  "@keyframes progress": { from: { transform: "translateX(-100%)" }, to: { transform: "translateX(250%)" } },
} as const;
