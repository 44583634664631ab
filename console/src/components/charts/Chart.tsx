import { Box, Button, Skeleton, Stack, Typography } from "@mui/material";
import { Suspense, useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { DataTable } from "../DataTable";
import { lazyPart } from "../lazyPart";

const Lines = lazyPart(() => import("./Lines"));

export interface Series {
  name: string;
  /** One for each place on the axis; null where there is none. */
  values: readonly (number | null)[];
}

export interface ChartProps {
  title: string;
  /** A word on what the figures mean. */
  hint?: ReactNode;
  kind: "line" | "bar";
  /** The places on the horizontal axis, such as rounds. */
  at: readonly number[];
  atName: string;
  series: readonly Series[];
  say: (value: number) => string;
  height?: number;
}

/** A chart, and the same figures as a table for whoever rather reads them. */
export function Chart({ title, hint, height = 240, ...drawing }: ChartProps) {
  const { t } = useTranslation("charts");
  const id = useId();
  const [table, setTable] = useState(false);
  return (
    <Box component="figure" aria-labelledby={id} sx={{ m: 0, minWidth: 0 }}>
      <Stack direction="row" sx={{ justifyContent: "space-between", alignItems: "center", gap: 1 }}>
        <Typography component="figcaption" variant="h3" id={id}>
          {title}
        </Typography>
        <Button size="small" aria-describedby={id} aria-pressed={table} onClick={() => setTable(!table)}>
          {t(table ? "asChart" : "asTable")}
        </Button>
      </Stack>
      {hint && (
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {hint}
        </Typography>
      )}
      {table ? (
        <Box sx={{ maxHeight: height + 40, overflow: "auto" }}>
          <Table title={title} {...drawing} />
        </Box>
      ) : (
        <Suspense fallback={<Skeleton variant="rounded" height={height} />}>
          <Lines height={height} {...drawing} />
        </Suspense>
      )}
    </Box>
  );
}

function Table({ title, at, atName, series, say }: Pick<ChartProps, "title" | "at" | "atName" | "series" | "say">) {
  const columns = series.map(({ name, values }) => ({
    key: name,
    name,
    numeric: true,
    cell: (place: number) => {
      const value = values[place];
      return value === null || value === undefined ? "–" : say(value);
    },
  }));
  return (
    <DataTable
      label={title}
      rows={at.map((_, place) => place)}
      id={(place) => place}
      columns={[{ key: "at", name: atName, cell: (place) => at[place] }, ...columns]}
    />
  );
}
