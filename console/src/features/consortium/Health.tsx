import { Alert, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { Panel } from "../../components/Panel";
import { readinessQuery } from "../../components/readiness";
import { format } from "../../lib/i18n";

/** Whether this gateway can answer: its database, and the model of each task. */
export function Health() {
  const { t } = useTranslation("consortium");
  const readiness = useQuery(readinessQuery);
  return (
    <Panel title={t("health.title")} hint={t("health.hint")}>
      <Fetched query={readiness}>
        {({ ready, database, models, faults, worker, worker_seen_at }) => (
          <Stack spacing={1.5}>
            {(ready || !database || Object.keys(faults ?? {}).length > 0) && (
              <Alert severity={ready ? "success" : "warning"}>{t(ready ? "health.ready" : "health.notReady")}</Alert>
            )}
            <Alert severity={database ? "success" : "error"}>{t(database ? "health.database" : "health.noDatabase")}</Alert>
            {database && (
              <Alert severity={worker ? "success" : "warning"}>
                {worker
                  ? t("health.worker")
                  : worker_seen_at
                    ? t("health.workerGone", { when: format().ago(worker_seen_at) })
                    : t("health.noWorker")}
              </Alert>
            )}
            {Object.entries(faults ?? {}).map(([task, fault]) => (
              <Alert key={task} severity="error">
                {t("health.fault", { task, fault })}
              </Alert>
            ))}
            <Typography>
              {models.length > 0 ? t("health.answering", { tasks: models.join(", ") }) : t("health.noModel")}
            </Typography>
          </Stack>
        )}
      </Fetched>
    </Panel>
  );
}
