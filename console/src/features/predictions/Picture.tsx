import { Box, Slider, Stack, Typography } from "@mui/material";
import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { HeatMap, ImageView } from "../../api-client/schema";
import { format } from "../../lib/i18n";
import { greyPixels, heatPixels, lineOf, stepsOf } from "./drawing";

interface Shown {
  window: number;
  level: number;
}

interface PictureProps {
  /** The address of a file that the browser draws. */
  source: string;
  heat: HeatMap | null | undefined;
}

/** A file that the browser draws, in a window of its 256 grey levels. */
export function Picture({ source, heat }: PictureProps) {
  const { t } = useTranslation("predictions");
  const filter = `window${useId().replaceAll(/\W/g, "")}`;
  return (
    <Viewer heat={heat} start={{ window: 255, level: 127.5 }} most={510} range={[0, 255]} step={0.5}>
      {({ window, level }) => {
        const line = { type: "linear", ...lineOf(window, level) };
        return (
          <>
            <svg width="0" height="0" aria-hidden style={{ position: "absolute" }}>
              <filter id={filter} colorInterpolationFilters="sRGB">
                <feComponentTransfer>
                  <feFuncR {...line} />
                  <feFuncG {...line} />
                  <feFuncB {...line} />
                </feComponentTransfer>
              </filter>
            </svg>
            <img src={source} alt={t("image.alt")} style={{ width: "100%", minHeight: 40, filter: `url(#${filter})` }} />
          </>
        );
      }}
    </Viewer>
  );
}

/** Grey values that the browser cannot read itself, in a window of their own unit: at first the file's. */
export function Film({ view, heat }: { view: ImageView; heat: HeatMap | null | undefined }) {
  const { centre, width, least, most } = view;
  const span = most - least || 1;
  const step = view.step === 1 ? 1 : span / 1000;
  const range: [number, number] = [Math.min(least, centre), Math.max(most, centre)];
  return (
    <Viewer heat={heat} start={{ window: width, level: centre }} most={Math.max(width, 2 * span)} range={range} step={step}>
      {(shown) => <Drawn view={view} shown={shown} />}
    </Viewer>
  );
}

function Drawn({ view, shown: { window, level } }: { view: ImageView; shown: Shown }) {
  const { t } = useTranslation("predictions");
  const canvas = useRef<HTMLCanvasElement>(null);
  const steps = useMemo(() => stepsOf(view.pixels), [view.pixels]);
  useEffect(() => {
    const pixels = new ImageData(greyPixels(steps, view, window, level), view.columns, view.rows);
    canvas.current?.getContext("2d")?.putImageData(pixels, 0, 0);
  }, [steps, view, window, level]);
  // Its own height follows from its width and its proportion.
  return <canvas ref={canvas} role="img" aria-label={t("image.alt")} width={view.columns} height={view.rows} style={{ width: "100%" }} />;
}

interface ViewerProps {
  heat: HeatMap | null | undefined;
  start: Shown;
  /** The widest window. */
  most: number;
  /** Between which levels. */
  range: [number, number];
  step: number;
  children: (shown: Shown) => ReactNode;
}

/** A picture in a window of its grey levels, and over it the places that speak for the finding. */
function Viewer({ heat, start, most, range, step, children }: ViewerProps) {
  const { t } = useTranslation("predictions");
  const [window, setWindow] = useState(start.window);
  const [level, setLevel] = useState(start.level);
  const [cover, setCover] = useState(0.5);
  const map = useMemo(() => (heat ? pictureOf(heat) : null), [heat]);
  const shown = (value: number) => format().number(value, step < 0.5 ? 3 : 1);
  return (
    <Stack spacing={2}>
      <Box sx={{ position: "relative", mx: "auto", width: "100%", maxWidth: 480, bgcolor: "#000", lineHeight: 0 }}>
        {children({ window, level })}
        {map && (
          <img
            src={map}
            alt={t("image.heatAlt")}
            style={{ position: "absolute", inset: 0, width: "100%", height: "100%", opacity: cover }}
          />
        )}
      </Box>
      {map && (
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {t("image.coverMeans")}
        </Typography>
      )}
      <Stack spacing={1} sx={{ px: 1.25 }}>
        {map && <Knob name={t("image.cover")} value={cover} range={[0, 1]} step={0.05} shown={(value) => format().percent(value)} onChange={setCover} />}
        <Knob name={t("image.window")} value={window} range={[Math.min(step, start.window), most]} step={step} shown={shown} onChange={setWindow} />
        <Knob name={t("image.level")} value={level} range={range} step={step} shown={shown} onChange={setLevel} />
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
