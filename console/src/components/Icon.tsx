import { Box } from "@mui/material";

/** Drawn by hand on 24 by 24 with a line of 1.75, so that they weigh nothing. */
const LINES = {
  overview: "M4 11.5 12 4l8 7.5M6 10v9.5h4.5V14h3v5.5H18V10",
  patients: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.2M18 14.6c2.1.8 3.5 2.8 3.5 5.4",
  predict: "M3 12.5h4l2.5-7 4.5 13 2.5-6H21",
  history: "M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5M12 7.5V12l3 2",
  training: "M12 8.5v4m0 0-5.2 3.6M12 12.5l5.2 3.6M14 6.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM7 17.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM21 17.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z",
  plans: "M9 4.5H6.5v16h11v-16H15M9 3h6v3H9zM9 11h6M9 15.5h4",
  models: "m12 3 8 4.5-8 4.5-8-4.5zM4 12l8 4.5 8-4.5M4 16.5 12 21l8-4.5",
  hospital: "M5 21V6.5L12 3l7 3.5V21M3 21h18M12 8v5M9.5 10.5h5M10 21v-4h4v4",
  consortium: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c2.5 2.6 3.7 5.6 3.7 9s-1.2 6.4-3.7 9c-2.5-2.6-3.7-5.6-3.7-9S9.5 5.6 12 3Z",
  audit: "M4 5h16M4 10h9M4 15h6M4 20h6M13.5 17.5l2.5 2.5 5-5.5",
  privacy: "m12 3 7.5 2.8V11c0 4.6-3 8-7.5 10-4.5-2-7.5-5.4-7.5-10V5.8zM9 11.8l2.2 2.2 4-4",
} as const;

export type IconName = keyof typeof LINES;

/** A picture beside a name that says the same: nothing for who cannot see it. */
export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <Box
      component="svg"
      viewBox="0 0 24 24"
      aria-hidden
      sx={{ width: size, height: size, flexShrink: 0, fill: "none", stroke: "currentColor", strokeWidth: 1.75, strokeLinecap: "round", strokeLinejoin: "round" }}
    >
      <path d={LINES[name]} />
    </Box>
  );
}
