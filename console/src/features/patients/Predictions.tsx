import { Box, Button, Stack } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { PastPrediction } from "../../api-client/schema";
import { DataTable, type Column } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { LinkButton } from "../../components/LinkButton";
import { Panel } from "../../components/Panel";
import { Status } from "../../components/Status";
import { format } from "../../lib/i18n";
import { predictionsQuery } from "./api";

/** What was predicted for a patient, newest first, and what turned out to be true. */
export function Predictions({ patientId }: { patientId: string }) {
  const { t } = useTranslation("patients");
  const query = useInfiniteQuery(predictionsQuery(patientId));
  return (
    <Panel title={t("predictions.title")}>
      <Fetched query={query}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items);
          if (rows.length === 0) return <None patientId={patientId} />;
          return (
            <Stack spacing={1}>
              <DataTable label={t("predictions.label")} columns={columns(t)} rows={rows} id={({ id }) => id} />
              {query.hasNextPage && (
                <Box>
                  <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {t("common:more")}
                  </Button>
                </Box>
              )}
            </Stack>
          );
        }}
      </Fetched>
    </Panel>
  );
}

function None({ patientId }: { patientId: string }) {
  const { t } = useTranslation("patients");
  return (
    <Empty
      title={t("predictions.none")}
      action={
        <LinkButton to="/predict" search={{ patient: patientId }} variant="outlined">
          {t("one.predict")}
        </LinkButton>
      }
    >
      {t("predictions.noneText")}
    </Empty>
  );
}

type Words = ReturnType<typeof useTranslation<"patients">>["t"];

function columns(t: Words): Column<PastPrediction>[] {
  const { moment } = format();
  return [
    { key: "when", name: t("predictions.when"), cell: ({ created_at }) => moment(created_at) },
    { key: "task", name: t("predictions.task"), cell: ({ task }) => task },
    { key: "value", name: t("predictions.value"), numeric: true, cell: valueOf },
    {
      key: "range",
      name: <Hint text={t("hints.range")}>{t("predictions.range")}</Hint>,
      numeric: true,
      cell: rangeOf,
    },
    { key: "sure", name: t("predictions.sure"), cell: (row) => <Sureness row={row} t={t} /> },
    { key: "outcome", name: t("predictions.outcome"), numeric: true, cell: (row) => outcomeOf(row) ?? t("unknown") },
    { key: "version", name: t("predictions.version"), cell: ({ model_version }) => model_version },
  ];
}

function Sureness({ row, t }: { row: PastPrediction; t: Words }) {
  if (row.outside) return <Status tone="warning" label={t("predictions.outside")} />;
  if (row.not_sure) return <Status tone="warning" label={t("predictions.notSure")} />;
  return <Status tone="default" label={t("predictions.usual")} />;
}

/** A number in its unit, or a class with its probability. */
function valueOf({ value, unit, label, about }: PastPrediction): string {
  const { quantity, percent } = format();
  if (label === null) return quantity(value, unit);
  return about === null ? `${label} (${percent(value)})` : `${label} (${about} ${percent(value)})`;
}

function rangeOf({ low, high, unit }: PastPrediction): string {
  const { quantity } = format();
  return low === null || high === null ? "–" : `${quantity(low, unit)} – ${quantity(high, unit)}`;
}

function outcomeOf({ outcome, unit }: PastPrediction): string | null {
  return typeof outcome === "number" ? format().quantity(outcome, unit) : outcome;
}
