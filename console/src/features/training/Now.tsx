import { Alert, AlertTitle, Box, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Round, RunDetails } from "../../api-client/schema";
import { Hint } from "../../components/Hint";
import { TextLink } from "../../components/LinkButton";
import { Panel } from "../../components/Panel";
import { useSaid } from "../../components/useSaid";
import { Progress } from "../../components/Progress";
import { readinessQuery } from "../../components/readiness";
import type { StreamState } from "../../lib/events";
import { format } from "../../lib/i18n";
import { versionOfRunQuery } from "./api";
import { quorumOf } from "./failure";
import { figuresOf, lastStanding } from "./metrics";
import { START } from "./participation";
import { currentRound, ENDED, type Live } from "./progress";
import { RunStatus, StreamStatus } from "./RunStatus";
import { useFigureWords } from "./useFigureWords";

interface Props {
  run: RunDetails;
  rounds: readonly Round[];
  live: Live;
  stream: StreamState;
  /** Those that anything is known of. */
  institutions: readonly string[];
}

/** How far the run is, how good its last round was, and how it ended. */
export function Now({ run, rounds, live, stream, institutions }: Props) {
  const { t } = useTranslation("training");
  const ended = ENDED.includes(run.status);
  const current = currentRound(rounds, live);
  const done = rounds.length;
  return (
    <Panel>
      <Stack spacing={2}>
        <Stack direction="row" sx={{ gap: 1, alignItems: "center", flexWrap: "wrap" }}>
          <RunStatus status={run.status} />
          <StreamStatus stream={ended && stream !== "connecting" ? "ended" : stream} />
          {run.stop_requested && !ended && <Typography>{t("now.stopping")}</Typography>}
        </Stack>
        <Box>
          <Typography variant="h2" component="p" sx={{ mb: 1 }}>
            {ended || done === run.rounds
              ? t("now.done", { done, count: run.rounds })
              : current === 0
                ? t("now.before", { count: run.rounds })
                : t("now.round", { round: current, count: run.rounds })}
          </Typography>
          <Progress label={t("now.progress")} value={(100 * done) / run.rounds} height={10} />
          <Typography variant="body2" sx={{ color: "text.secondary", mt: 1 }}>
            <When run={run} />
          </Typography>
          {!ended && done === run.rounds && <Typography sx={{ mt: 1 }}>{t("now.judging")}</Typography>}
        </Box>
        {run.status === "queued" && <Waiting />}
        <Latest run={run} rounds={rounds} />
        <End run={run} institutions={institutions} />
      </Stack>
    </Panel>
  );
}

/** That nobody is there who would begin the run. */
function Waiting() {
  const { t } = useTranslation("training");
  const { data } = useQuery(readinessQuery);
  if (!data?.database || data.worker) return null;
  const seen = data.worker_seen_at;
  return <Alert severity="warning">{seen ? t("now.workerGone", { when: format().ago(seen) }) : t("now.noWorker")}</Alert>;
}

function When({ run }: { run: RunDetails }) {
  const { t } = useTranslation("training");
  const { moment, seconds } = format();
  if (!run.started_at) return t("now.asked", { at: moment(run.created_at) });
  if (!run.completed_at) return t("now.started", { at: moment(run.started_at) });
  const took = (new Date(run.completed_at).getTime() - new Date(run.started_at).getTime()) / 1000;
  return t("now.took", { at: moment(run.started_at), time: seconds(took) });
}

/** The figures of the last round that stands; of a run with a version also those of the round that it was made of. */
function Latest({ run, rounds }: Pick<Props, "run" | "rounds">) {
  const { t } = useTranslation("training");
  const { data: version } = useQuery(versionOfRunQuery(run));
  const last = lastStanding(rounds);
  if (!last) return null;
  const best = rounds.find(({ round }) => round === version?.training_round);
  if (!version || !best) return <FiguresOf task={run.task} round={last} title={t("now.last", { round: last.round })} />;
  const became = t(best.round === last.round ? "now.becameLast" : "now.became", { version: version.version, round: best.round });
  return (
    <>
      {best.round !== last.round && <FiguresOf task={run.task} round={last} title={t("now.last", { round: last.round })} />}
      <FiguresOf task={run.task} round={best} title={became} />
      <TextLink to="/models/$version" params={{ version: String(version.id) }}>
        {t("now.ofVersion")}
      </TextLink>
    </>
  );
}

function FiguresOf({ task, round, title }: { task: string; round: Round; title: string }) {
  const { t } = useTranslation("training");
  const write = useFigureWords();
  const names = figuresOf([round]).filter((name) => round.metrics[name] !== null && round.metrics[name] !== undefined);
  if (names.length === 0) return null;
  return (
    <Box component="section" aria-label={title}>
      <Typography variant="body2" sx={{ mb: 0.5 }}>
        {title}
      </Typography>
      <Stack direction="row" component="dl" sx={{ gap: 4, flexWrap: "wrap", m: 0 }}>
        {names.map((name) => (
          <Box key={name}>
            <Typography component="dt" variant="body2" sx={{ color: "text.secondary" }}>
              <Hint text={t(`metrics.${name}.hint`, { defaultValue: name })}>
                {t(`metrics.${name}.name`, { defaultValue: name })}
              </Hint>
            </Typography>
            <Typography component="dd" variant="h2" sx={{ m: 0 }}>
              {write(task, name, round.metrics[name] ?? 0)}
            </Typography>
          </Box>
        ))}
      </Stack>
    </Box>
  );
}

/** Why it failed or was stopped; which version it made, and whether that answers. */
function End({ run, institutions }: Pick<Props, "run" | "institutions">) {
  const { t } = useTranslation("training");
  const say = useSaid();
  if (run.status === "failed" || run.status === "stopped") {
    return (
      <Alert severity={run.status === "failed" ? "error" : "info"}>
        <AlertTitle>{t(`end.${run.status}`)}</AlertTitle>
        <Why reason={run.reason ?? ""} institutions={institutions} />
      </Alert>
    );
  }
  if (!run.version) return null;
  const { activate, reasons } = decisionOf(run);
  return (
    <Alert severity={activate ? "success" : "info"}>
      <AlertTitle>{t(activate ? "end.answers" : "end.stays", { version: run.version })}</AlertTitle>
      {reasons.length > 0 && (
        <Box component="ul" sx={{ m: 0, pl: 2 }}>
          {reasons.map((reason) => (
            <li key={reason}>{say(reason)}</li>
          ))}
        </Box>
      )}
    </Alert>
  );
}

/** The reason as it is; of a round that too few answered, a line for each reason and whose it is. */
function Why({ reason, institutions }: { reason: string; institutions: readonly string[] }) {
  const { t } = useTranslation("training");
  const say = useSaid();
  const lost = quorumOf(reason, institutions);
  if (!lost) return say(reason);
  return (
    <>
      {t(lost.round === START ? "end.tooFewAtStart" : "end.tooFew", { round: lost.round, usable: lost.usable, needed: lost.needed })}
      <Box component="ul" sx={{ m: 0, pl: 2 }}>
        {lost.causes.map((cause) => (
          <li key={cause.reason}>
            {cause.institutions.join(", ")}: {say(cause.reason)}
          </li>
        ))}
      </Box>
    </>
  );
}

function decisionOf({ decision }: RunDetails): { activate: boolean; reasons: string[] } {
  const reasons = Array.isArray(decision?.reasons) ? decision.reasons.map(String) : [];
  return { activate: decision?.activate === true, reasons };
}
