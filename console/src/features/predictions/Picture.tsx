import { Box, Slider, Stack, Typography } from "@mui/material";
import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { HeatMap } from "../../api-client/schema";
import { format } from "../../lib/i18n";
import { heatPixels, lineOf } from "./drawing";

interface Props {
  /** The address of the picture: the file itself, or what the model saw of it. */
  source: string;
  heat: HeatMap | null | undefined;
  alt: string;
}

const WINDOW = 255;
const LEVEL = 127.5;

/** The image in a window of its grey levels, and over it the places that speak for the finding. */
export function Picture({ source, heat, alt }: Props) {
  const { t } = useTranslation("predictions");
  const id = useId();
  const [window, setWindow] = useState(WINDOW);
  const [level, setLevel] = useState(LEVEL);
  const [cover, setCover] = useState(0.5);
  const { slope, intercept } = lineOf(window, level);
  const map = useMemo(() => (heat ? pictureOf(heat) : null), [heat]);
  const filter = `window${id.replaceAll(/\W/g, "")}`;
  const line = { type: "linear", slope, intercept };
  return (
    <Stack spacing={2}>
      <svg width="0" height="0" aria-hidden style={{ position: "absolute" }}>
        <filter id={filter} colorInterpolationFilters="sRGB">
          <feComponentTransfer>
            <feFuncR {...line} />
            <feFuncG {...line} />
            <feFuncB {...line} />
          </feComponentTransfer>
        </filter>
      </svg>
      <Box sx={{ position: "relative", mx: "auto", width: "100%", maxWidth: 480, bgcolor: "#000", lineHeight: 0 }}>
        <img src={source} alt={alt} style={{ width: "100%", minHeight: 40, filter: `url(#${filter})` }} />
        {map && (
          <img
            src={map}
            alt={t("image.heatAlt")}
            style={{ position: "absolute", inset: 0, width: "100%", height: "100%", opacity: cover }}
          />
        )}
      </Box>
      <Stack spacing={1} sx={{ px: 1.25 }}>
        {map && <Knob name={t("image.cover")} value={cover} range={[0, 1]} step={0.05} shown={(value) => format().percent(value)} onChange={setCover} />}
        <Knob name={t("image.window")} value={window} range={[1, 510]} step={1} shown={(value) => format().number(value, 0)} onChange={setWindow} />
        <Knob name={t("image.level")} value={level} range={[0, 255]} step={0.5} shown={(value) => format().number(value, 1)} onChange={setLevel} />
      </Stack>
    </Stack>
  );
}

interface KnobProps {
  name: string;
  value: number;
  range: [number, number];
  step: number;
  shown: (value: number) => string;
  onChange: (value: number) => void;
}

function Knob({ name, value, range, step, shown, onChange }: KnobProps) {
  const id = useId();
  return (
    <div>
      <Stack direction="row" sx={{ justifyContent: "space-between" }}>
        <Typography variant="body2" id={id}>
          {name}
        </Typography>
        <Typography variant="body2">{shown(value)}</Typography>
      </Stack>
      <Slider
        size="small"
        aria-labelledby={id}
        getAriaValueText={shown}
        min={range[0]}
        max={range[1]}
        step={step}
        value={value}
        onChange={(_, chosen) => onChange(chosen)}
      />
    </div>
  );
}

/** The heat map as a small picture, which the browser stretches smoothly. */
function pictureOf({ rows, columns, values }: HeatMap): string | null {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  context?.putImageData(new ImageData(heatPixels(values), columns, rows), 0, 0);
  return context && canvas.toDataURL();
}
