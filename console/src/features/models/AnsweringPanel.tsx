import { Alert, Button, Stack, Typography } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Answering } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { DataTable } from "../../components/DataTable";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { useNotify } from "../../components/Notices";
import { Panel } from "../../components/Panel";
import { useSaid } from "../../components/useSaid";
import { format } from "../../lib/i18n";
import { useMay } from "../../lib/session";
import { comparisonQuery, rollBack, stopSharing } from "./api";
import { useFigure } from "./useFigure";

/** Which version answers for a task, and how a challenger does beside it. */
export function AnsweringPanel({ answering }: { answering: Answering }) {
  const { t } = useTranslation("models");
  const say = useSaid();
  const { moment, percent } = format();
  const may = useMay();
  const notify = useNotify();
  const [asking, setAsking] = useState(false);
  const back = useMutation({
    mutationFn: rollBack,
    onSuccess: () => notify({ text: t("rolledBack"), severity: "success" }),
    onSettled: () => setAsking(false),
  });
  const stop = useMutation({ mutationFn: stopSharing });
  const actions = may("rollBackModel") && answering.before && (
    <Button color="warning" onClick={() => setAsking(true)}>
      {t("rollBack.action")}
    </Button>
  );
  return (
    <Panel title={say(answering.title ?? answering.task)} actions={actions}>
      <Stack spacing={1.5}>
        {(back.error ?? stop.error) && <Failure error={(back.error ?? stop.error) as Error} />}
        <Typography>{t("answers", { version: answering.answering ?? answering.active })}</Typography>
        {answering.active_since && (
          <Typography sx={{ color: "text.secondary" }}>{t("since", { when: moment(answering.active_since) })}</Typography>
        )}
        {answering.fault && <Alert severity="error">{say(answering.fault)}</Alert>}
        {answering.challenger && (
          <Alert
            severity="info"
            action={
              may("stopSharingTraffic") && (
                <Button color="inherit" size="small" onClick={() => stop.mutate(answering.task)}>
                  {t("share.stop")}
                </Button>
              )
            }
          >
            {t("share.on", { challenger: answering.challenger, share: percent(answering.fraction) })}
          </Alert>
        )}
        {answering.challenger && may("compareModels") && <Outcome answering={answering} />}
      </Stack>
      <Confirm
        open={asking}
        title={t("rollBack.title", { task: say(answering.title ?? answering.task) })}
        action={t("rollBack.action")}
        destructive
        busy={back.isPending}
        onConfirm={() => back.mutate(answering.task)}
        onClose={() => setAsking(false)}
      >
        {t("rollBack.text", { version: answering.before, active: answering.active })}
      </Confirm>
    </Panel>
  );
}

/** What became of the predictions that either version made, once their outcomes are known. */
function Outcome({ answering }: { answering: Answering }) {
  const { t } = useTranslation("models");
  const { number } = format();
  const figure = useFigure(answering.unit);
  const comparison = useQuery(comparisonQuery(answering.task));
  return (
    <Fetched query={comparison} lines={2}>
      {({ active, challenger, differences, left_out, least_outcomes, institutions }) => (
        <Stack spacing={1}>
          {/* Sums over nobody would read as if nobody had asked. */}
          {(institutions > 0 || left_out === 0) && (
            <>
              <DataTable
                label={t("share.outcome")}
                rows={[active, challenger]}
                id={(score) => score.version}
                columns={[
                  { key: "version", name: t("version"), cell: (score) => score.version },
                  { key: "asked", name: t("share.predictions"), cell: (score) => number(score.predictions), numeric: true },
                  { key: "known", name: t("share.outcomes"), cell: (score) => number(score.outcomes), numeric: true },
                  { key: "mae", name: figure.name("mae"), cell: (score) => figure.write("mae", score.mae), numeric: true },
                  { key: "accuracy", name: figure.name("accuracy"), cell: (score) => figure.write("accuracy", score.accuracy), numeric: true },
                ]}
              />
              {differences.length === 0 && <Typography>{t("share.tooFew", { count: least_outcomes })}</Typography>}
            </>
          )}
          {left_out > 0 && (
            <Alert severity="info">
              {t("share.leftOut", { count: left_out })} {t("share.leftOutWhy", { count: least_outcomes })}
            </Alert>
          )}
          {differences.map(({ figure: name, value, low, high }) => (
            <Typography key={name}>
              {t(low === null ? "share.differenceAlone" : "share.difference", {
                figure: figure.name(name),
                value: figure.write(name, value),
                low: figure.write(name, low),
                high: figure.write(name, high),
              })}
            </Typography>
          ))}
        </Stack>
      )}
    </Fetched>
  );
}
