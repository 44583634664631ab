import { Box } from "@mui/material";

import { placeOf } from "./drawing";

interface Band {
  from: number;
  to: number;
  tone: "known" | "unsure";
}

interface Mark {
  at: number;
  name: string;
}

interface Props {
  ends: readonly [number, number];
  /** All that the drawing says, for who cannot see it. */
  label: string;
  value: number;
  band?: Band | undefined;
  marks?: readonly Mark[];
  shown: (value: number) => string;
}

const COLOURS = { known: "primary.main", unsure: "warning.main" } as const;

/** A value on a scale, with the band that belongs to it and what it is to be compared with. */
export function Scale({ ends, label, value, band, marks = [], shown }: Props) {
  const at = (place: number) => `${placeOf(place, ends)}%`;
  return (
    <Box role="img" aria-label={label} sx={{ px: 1.25, pt: marks.length > 0 ? 3.5 : 0.5, pb: 3, position: "relative" }}>
      <Box sx={{ position: "relative", height: 14, borderRadius: 7, bgcolor: "action.selected" }}>
        {band && (
          <Box
            sx={{
              position: "absolute",
              insetBlock: 0,
              left: at(band.from),
              right: `${100 - placeOf(band.to, ends)}%`,
              bgcolor: COLOURS[band.tone],
              opacity: 0.45,
              borderRadius: 7,
            }}
          />
        )}
        {marks.map((mark) => (
          <Box key={mark.name} sx={{ position: "absolute", left: at(mark.at), top: -6, height: 26, borderLeft: 2, borderColor: "text.primary" }}>
            <Box sx={{ ...NOTE, bottom: "100%", transform: `translateX(-${placeOf(mark.at, ends)}%)` }}>{mark.name}</Box>
          </Box>
        ))}
        <Box
          sx={{
            position: "absolute",
            left: at(value),
            top: "50%",
            width: 20,
            height: 20,
            transform: "translate(-50%, -50%)",
            borderRadius: "50%",
            bgcolor: "primary.main",
            border: 3,
            borderColor: "background.paper",
            transition: "left 200ms",
          }}
        />
        {[ends[0], ends[1]].map((end, side) => (
          <Box key={side} sx={{ ...NOTE, top: 18, ...(side === 0 ? { left: 0 } : { right: 0 }) }}>
            {shown(end)}
          </Box>
        ))}
      </Box>
    </Box>
  );
}

const NOTE = { position: "absolute", fontSize: "0.8rem", whiteSpace: "nowrap", color: "text.secondary" } as const;
