import { Button } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { RecipeDialog } from "../../components/planning/RecipeDialog";
import { useKept } from "../../lib/drafts";
import { startRun } from "./api";

/** Asks what to learn, starts the run and leads to it. */
export function StartButton() {
  const { t } = useTranslation("training");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [open, setOpen] = useKept("run open", false);
  return (
    <>
      <Button variant="contained" onClick={() => setOpen(true)}>
        {t("start.open")}
      </Button>
      {open && (
        <RecipeDialog
          title={t("start.title")}
          action={t("start.action")}
          send={startRun}
          onSent={(run) => {
            void queries.invalidateQueries({ queryKey: ["runs"] });
            void navigate({ to: "/training/$run", params: { run: run.id } });
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
