import { Stack } from "@mui/material";
import Grid from "@mui/material/Grid";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { RunDetails } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { Page } from "../../components/Page";
import { useMay } from "../../lib/session";
import { runQuery } from "./api";
import { CostPanel } from "./CostPanel";
import { Figures } from "./Figures";
import { Log } from "./Log";
import { Now } from "./Now";
import { Participation } from "./Participation";
import { matrix, roundsAlone } from "./participation";
import { PrivacyPanel } from "./PrivacyPanel";
import { ENDED, together } from "./progress";
import { RunActions } from "./RunActions";
import { Traffic } from "./Traffic";
import { useLive } from "./useLive";

/** A run as it goes on, or as it went. */
export function RunPage() {
  const { run } = useParams({ from: "/inside/training/$run" });
  return <Watched key={run} id={run} />;
}

const LOOK_AGAIN_MS = 4_000;

function Watched({ id }: { id: string }) {
  const { t } = useTranslation("training");
  const { live, stream } = useLive(id);
  // Without a stream the page asks: slower, but it never stands still.
  const query = useQuery({ ...runQuery(id), refetchInterval: stream === "waiting" ? LOOK_AGAIN_MS : false });
  const run = query.data;
  const status = live.status ?? run?.status;
  return (
    <Page
      title={run ? t("run.title", { task: run.task }) : t("run.untitled")}
      lead={run && t(`cause.${run.cause}`, { id: id.slice(-8) })}
      actions={run && status && <RunActions run={run} ended={ENDED.includes(status)} />}
    >
      <Fetched query={query}>
        {(run) => <Parts run={{ ...run, status: status ?? run.status }} live={live} stream={stream} />}
      </Fetched>
    </Page>
  );
}

type Parts = Pick<ReturnType<typeof useLive>, "live" | "stream"> & { run: RunDetails };

function Parts({ run, live, stream }: Parts) {
  const may = useMay();
  const rounds = together(run.history, live);
  const running = !ENDED.includes(run.status);
  const parts = matrix(rounds, live, running);
  return (
    <Stack spacing={3}>
      <Now run={run} rounds={rounds} live={live} stream={stream} institutions={parts.rows.map(({ institution }) => institution)} />
      <Figures task={run.task} rounds={rounds} ended={!running} />
      <Participation rounds={rounds} parts={parts} ended={!running} />
      <CostPanel run={run} rounds={rounds} parts={roundsAlone(parts)} />
      {may("getBudget") && <PrivacyPanel run={run} rounds={rounds.length} />}
      <Grid container spacing={3}>
        <Grid size={{ xs: 12, lg: 7 }}>
          <Traffic rounds={rounds} />
        </Grid>
        <Grid size={{ xs: 12, lg: 5 }}>
          <Log live={live} />
        </Grid>
      </Grid>
    </Stack>
  );
}
