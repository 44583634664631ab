import { Box, Stack } from "@mui/material";
import { useTranslation } from "react-i18next";

import type { Round } from "../../api-client/schema";
import { Chart } from "../../components/charts/Chart";
import { DataTable } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";

/** More bars than these are a smear. */
const MOST_BARS = 40;

/** What each round took: bytes that went to and came from the hospitals, seconds, and answers. */
export function Traffic({ rounds }: { rounds: readonly Round[] }) {
  const { t } = useTranslation("training");
  const at = rounds.map(({ round }) => round);
  const { bytes, seconds } = format();
  const kind = at.length > MOST_BARS ? "line" : "bar";
  return (
    <Panel title={t("traffic.title")} hint={t("traffic.hint")}>
      {rounds.length === 0 ? (
        <Empty title={t("traffic.none")} />
      ) : (
        <Stack spacing={3}>
          <Chart
            kind={kind}
            title={t("traffic.bytes")}
            at={at}
            atName={t("round")}
            say={bytes}
            height={200}
            series={[
              { name: t("traffic.sent"), values: rounds.map((round) => round.bytes_sent) },
              { name: t("traffic.received"), values: rounds.map((round) => round.bytes_received) },
            ]}
          />
          <Chart
            kind={kind}
            title={t("traffic.seconds")}
            at={at}
            atName={t("round")}
            say={seconds}
            height={200}
            series={[{ name: t("traffic.seconds"), values: rounds.map((round) => round.seconds) }]}
          />
          <Box sx={{ maxHeight: 480, overflowY: "auto" }}>
            <DataTable
              label={t("traffic.title")}
              rows={rounds.toReversed()}
              id={({ round }) => round}
              columns={[
                { key: "round", name: t("round"), cell: ({ round }) => round },
                { key: "state", name: t("traffic.state"), cell: ({ status }) => t(`traffic.states.${status}`) },
                { key: "took", name: t("traffic.took"), numeric: true, cell: (round) => round.clients_participated },
                { key: "dropped", name: t("traffic.dropped"), numeric: true, cell: (round) => round.dropped },
                { key: "late", name: t("traffic.late"), numeric: true, cell: (round) => round.late_answers },
              ]}
            />
          </Box>
        </Stack>
      )}
    </Panel>
  );
}
