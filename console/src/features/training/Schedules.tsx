import { Button, Stack, Switch } from "@mui/material";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Schedule } from "../../api-client/schema";
import { Confirm } from "../../components/Confirm";
import { DataTable } from "../../components/DataTable";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { TextLink } from "../../components/LinkButton";
import { Panel } from "../../components/Panel";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { changeSchedule, deleteSchedule, schedulesQuery } from "./api";
import { AddSchedule, EditSchedule } from "./ScheduleDialogs";
import { rhythmOf } from "./trigger";

/** Runs that start by themselves. */
export function Schedules() {
  const { t } = useTranslation("training");
  const query = useQuery(schedulesQuery);
  const [adding, setAdding] = useKept("schedule open", false);
  return (
    <Panel
      title={t("schedules.title")}
      hint={t("schedules.hint")}
      actions={<Button onClick={() => setAdding(true)}>{t("schedules.add")}</Button>}
    >
      <Fetched query={query}>
        {({ items }) =>
          items.length > 0 ? <Listed schedules={items} /> : <Empty title={t("schedules.none")}>{t("schedules.noneText")}</Empty>
        }
      </Fetched>
      {adding && <AddSchedule onClose={() => setAdding(false)} />}
    </Panel>
  );
}

function Listed({ schedules }: { schedules: readonly Schedule[] }) {
  const { t } = useTranslation("training");
  const [asked, setAsked] = useKept<{ what: "edit" | "delete"; schedule: Schedule } | null>("schedule", null);
  const close = () => setAsked(null);
  return (
    <>
      <DataTable
        label={t("schedules.title")}
        rows={schedules}
        id={({ id }) => id}
        columns={[
          {
            key: "task",
            name: t("task"),
            cell: (each) => (
              <TextLink to="/plans/$hash" params={{ hash: each.plan_hash }}>
                {each.task}
              </TextLink>
            ),
          },
          { key: "when", name: t("schedules.when"), cell: (each) => <When schedule={each} /> },
          { key: "next", name: t("schedules.next"), cell: (each) => (each.next_at ? format().moment(each.next_at) : "–") },
          { key: "left", name: t("schedules.left"), numeric: true, cell: (each) => each.runs_left ?? t("schedules.any") },
          { key: "on", name: t("schedules.on"), cell: (each) => <Enabled schedule={each} /> },
          {
            key: "act",
            name: t("schedules.act"),
            cell: (each) => (
              <Stack direction="row">
                <Button size="small" onClick={() => setAsked({ what: "edit", schedule: each })}>
                  {t("schedules.edit")}
                </Button>
                <Button size="small" color="error" onClick={() => setAsked({ what: "delete", schedule: each })}>
                  {t("schedules.delete")}
                </Button>
              </Stack>
            ),
          },
        ]}
      />
      {asked?.what === "edit" && <EditSchedule schedule={asked.schedule} onClose={close} />}
      {asked?.what === "delete" && <Delete schedule={asked.schedule} onClose={close} />}
    </>
  );
}

function When({ schedule: { cron, new_records } }: { schedule: Schedule }) {
  const { t } = useTranslation("training");
  if (cron === null) return t("schedules.afterRecords", { count: new_records ?? 0 });
  const rhythm = rhythmOf(cron);
  return rhythm === "cron" ? t("schedules.byCron", { cron }) : t(`trigger.${rhythm}`);
}

/** Takes effect at once; a switch that the server refuses goes back, and says why. */
function Enabled({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation("training");
  const queries = useQueryClient();
  const { id, cron, new_records, runs_left } = schedule;
  const turning = useMutation({
    mutationFn: (is_enabled: boolean) => changeSchedule(id, { cron, new_records, runs_left, is_enabled }),
    onSettled: () => queries.invalidateQueries({ queryKey: schedulesQuery.queryKey }),
  });
  return (
    <>
      <Switch
        checked={turning.isPending ? turning.variables : schedule.is_enabled}
        onChange={(_, on) => turning.mutate(on)}
        slotProps={{ input: { "aria-label": t("schedules.enable", { task: schedule.task }) } }}
      />
      {turning.error && <Failure error={turning.error} />}
    </>
  );
}

function Delete({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t } = useTranslation("training");
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => deleteSchedule(schedule.id),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: schedulesQuery.queryKey });
      onClose();
    },
  });
  return (
    <Confirm
      open
      destructive
      title={t("schedules.deleteTitle")}
      action={t("schedules.delete")}
      busy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {deleting.error ? <Failure error={deleting.error} /> : t("schedules.deleteText")}
    </Confirm>
  );
}
