import { Button } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { RecipeDialog } from "../../components/planning/RecipeDialog";
import { useKept } from "../../lib/drafts";
import { propose } from "./api";

/** Asks for a recipe and puts the plan before the hospitals. */
export function ProposeButton({ onProposed }: { onProposed: (hash: string) => void }) {
  const { t } = useTranslation("plans");
  const queries = useQueryClient();
  const [open, setOpen] = useKept("proposal open", false);
  return (
    <>
      <Button variant="contained" onClick={() => setOpen(true)}>
        {t("propose.open")}
      </Button>
      {open && (
        <RecipeDialog
          title={t("propose.title")}
          action={t("propose.action")}
          send={propose}
          onSent={(plan) => {
            void queries.invalidateQueries({ queryKey: ["plans"] });
            onProposed(plan.hash);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
