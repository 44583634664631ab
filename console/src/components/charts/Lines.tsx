import { BarChart } from "@mui/x-charts/BarChart";
import { LineChart } from "@mui/x-charts/LineChart";

import type { ChartProps } from "./Chart";

const COLOURS = ["primary", "secondary", "warning", "info", "success", "error"].map(
  (name) => `var(--mui-palette-${name}-main)`,
);
const MARGIN = { left: 8, right: 16, top: 12, bottom: 4 };
const MOST_MARKS = 30;

/** The drawing alone; loaded with the first chart, as it is the heaviest part of the console. */
export default function Lines({ kind, at, atName, series, say, height }: Omit<ChartProps, "title" | "hint">) {
  const axis = { data: [...at], label: atName, height: 44, valueFormatter: String };
  const values = series.map((each) => ({
    data: [...each.values],
    label: each.name,
    valueFormatter: (value: number | null) => (value === null ? "–" : say(value)),
  }));
  const shared = { height, margin: MARGIN, colors: COLOURS, hideLegend: series.length < 2, skipAnimation: true };
  const yAxis = [{ width: "auto" as const, valueFormatter: (value: number) => say(value) }];
  if (kind === "bar") {
    return <BarChart {...shared} xAxis={[{ ...axis, scaleType: "band" }]} yAxis={yAxis} series={values} grid={GRID} />;
  }
  const lines = values.map((each) => ({ ...each, showMark: at.length <= MOST_MARKS, connectNulls: true }));
  return <LineChart {...shared} xAxis={[{ ...axis, scaleType: "point" }]} yAxis={yAxis} series={lines} grid={GRID} />;
}

const GRID = { horizontal: true };
