import { Button, MenuItem, Stack, TextField } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { useTasks } from "../../components/planning/tasks";
import { useMay } from "../../lib/session";
import { runsQuery, type RunFilter } from "./api";
import { Runs } from "./Runs";
import { Schedules } from "./Schedules";
import { MOST_COMPARED, RUN_STATUSES } from "./search";
import { StartButton } from "./StartButton";

/** Every run, the newest first; where the consortium starts and schedules them. */
export function TrainingPage() {
  const { t } = useTranslation("training");
  const may = useMay();
  const filter = useSearch({ from: "/inside/training" });
  const query = useInfiniteQuery(runsQuery(filter));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const choose = (id: string, on: boolean) => setChosen(on ? [...chosen, id].slice(-MOST_COMPARED) : chosen.filter((each) => each !== id));
  return (
    <Page title={t("title")} lead={t("lead")} actions={may("requestRun") && <StartButton />}>
      <Panel
        title={t("runs.title")}
        actions={
          <LinkButton to="/training/compare" search={{ runs: [...chosen] }} disabled={chosen.length < 2}>
            {t("runs.compare", { count: chosen.length })}
          </LinkButton>
        }
      >
        <Stack spacing={2}>
          <Filter filter={filter} />
          <Fetched query={query}>
            {({ pages }) => {
              const runs = pages.flatMap((page) => page.items);
              if (runs.length === 0) return <NoRuns filtered={Boolean(filter.task ?? filter.status)} />;
              return (
                <>
                  <Runs runs={runs} chosen={chosen} choose={choose} />
                  {query.isFetchNextPageError && <Failure error={query.error} />}
                  {query.hasNextPage && (
                    <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      {t("common:more")}
                    </Button>
                  )}
                </>
              );
            }}
          </Fetched>
        </Stack>
      </Panel>
      {may("listSchedules") && <Schedules />}
    </Page>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation("training");
  const may = useMay();
  if (filtered) return <Empty title={t("runs.noneSuch")} />;
  return <Empty title={t("runs.none")}>{t(may("requestRun") ? "runs.noneStart" : "runs.noneWait")}</Empty>;
}

function Filter({ filter }: { filter: RunFilter }) {
  const { t } = useTranslation("training");
  const navigate = useNavigate();
  const tasks = useTasks();
  const put = (part: RunFilter) => void navigate({ to: "/training", search: { ...filter, ...part } });
  return (
    <Stack direction={{ xs: "column", sm: "row" }} spacing={2} sx={{ maxWidth: 560 }}>
      <TextField
        select
        label={t("task")}
        value={filter.task ?? ""}
        onChange={(event) => put({ task: event.target.value || undefined })}
      >
        <MenuItem value="">{t("everyTask")}</MenuItem>
        {tasks.map(({ name }) => (
          <MenuItem key={name} value={name}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <TextField
        select
        label={t("state")}
        value={filter.status ?? ""}
        onChange={(event) => put({ status: RUN_STATUSES.find((status) => status === event.target.value) })}
      >
        <MenuItem value="">{t("everyState")}</MenuItem>
        {RUN_STATUSES.map((status) => (
          <MenuItem key={status} value={status}>
            {t(`status.${status}`)}
          </MenuItem>
        ))}
      </TextField>
    </Stack>
  );
}
