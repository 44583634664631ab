import { Divider, Typography } from "@mui/material";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Schedule } from "../../api-client/schema";
import { FormDialog } from "../../components/FormDialog";
import { RecipeDialog } from "../../components/planning/RecipeDialog";
import { useKept } from "../../lib/drafts";
import { addSchedule, changeSchedule, schedulesQuery } from "./api";
import { draftOf, triggerOf, WEEKLY } from "./trigger";
import { TriggerFields } from "./TriggerFields";

/** What to learn, when, and how often at most. */
export function AddSchedule({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("training");
  const queries = useQueryClient();
  const [trigger, setTrigger] = useKept("trigger", WEEKLY);
  return (
    <RecipeDialog
      title={t("schedules.addTitle")}
      action={t("schedules.save")}
      send={(recipe) => addSchedule({ ...recipe, ...triggerOf(trigger) })}
      onSent={() => {
        void queries.invalidateQueries({ queryKey: schedulesQuery.queryKey });
        onClose();
      }}
      onClose={onClose}
    >
      <Divider />
      <TriggerFields draft={trigger} change={setTrigger} />
    </RecipeDialog>
  );
}

/** When, and how often at most; what is run stays the same plan. */
export function EditSchedule({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t } = useTranslation("training");
  const queries = useQueryClient();
  const [trigger, setTrigger] = useKept("trigger", () => draftOf(schedule));
  const saving = useMutation({
    mutationFn: () => changeSchedule(schedule.id, triggerOf(trigger, schedule.is_enabled)),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: schedulesQuery.queryKey });
      onClose();
    },
  });

  return (
    <FormDialog
      title={t("schedules.editTitle", { task: schedule.task })}
      width="sm"
      error={saving.error}
      busy={saving.isPending}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <Typography>{t("schedules.editText")}</Typography>
      <TriggerFields draft={trigger} change={setTrigger} />
    </FormDialog>
  );
}
