import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { CurrentRound, Run } from "../../api-client/schema";
import { Fetched } from "../../components/Fetched";
import { Progress } from "../../components/Progress";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { anyHospitalQuery, currentQuery } from "./api";
import { figureOf } from "./figure";
import { Aside, Glance, Main } from "./Glance";

const SAID: Record<Run["status"], string> = {
  queued: "queued",
  started: "running",
  in_progress: "running",
  completed: "completed",
  failed: "failed",
  stopped: "stopped",
};

/** What is learned now, or was last. */
export function TrainingGlance() {
  const { t } = useTranslation("overview");
  const may = useMay();
  const current = useQuery(currentQuery);
  return (
    <Glance icon="training" title={t("training.title")} to="/training">
      <Fetched query={current} lines={2}>
        {(found) => (found ? <Current found={found} /> : may("requestRun") ? <First /> : <Aside>{t("training.none")}</Aside>)}
      </Fetched>
    </Glance>
  );
}

/** What whoever may start runs does first. */
function First() {
  const { t } = useTranslation("overview");
  const hospitals = useQuery(anyHospitalQuery);
  return <Aside>{t(hospitals.data === false ? "training.noneHospital" : "training.noneStart")}</Aside>;
}

function Current({ found: { run, round } }: { found: CurrentRound }) {
  const { t } = useTranslation("overview");
  const words = format();
  const done = round ? round.round - (round.status === "completed" ? 0 : 1) : 0;
  const figure = round && figureOf(round.metrics, words);
  return (
    <>
      <Main>{t(`training.${SAID[run.status]}`, { task: run.task })}</Main>
      {SAID[run.status] === "running" && (
        <Progress label={t("training.progress")} value={(100 * done) / run.rounds} height={8} />
      )}
      <Aside>
        {run.completed_at
          ? t("training.ended", { round: done, count: run.rounds, when: words.ago(run.completed_at) })
          : round
            ? t("training.round", { round: round.round, count: run.rounds })
            : t("training.before", { count: run.rounds })}
      </Aside>
      {figure && <Aside>{t(`figures.${figure.name}`, { value: figure.value })}</Aside>}
      {round && <Aside>{t("training.took", { count: round.clients_participated })}</Aside>}
      {run.version && <Aside>{t("training.version", { version: run.version })}</Aside>}
    </>
  );
}
