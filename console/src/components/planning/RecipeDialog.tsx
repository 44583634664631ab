import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState, type ReactNode, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Recipe } from "../../api-client/schema";
import { Failure } from "../Failure";
import { Fetched } from "../Fetched";
import { draftOf, EMPTY, recipeOf, wrongLines, type Draft } from "./recipe";
import { RecipeFields } from "./RecipeFields";
import { tasksQuery } from "./tasks";

interface Props<T> {
  title: string;
  action: string;
  /** What is asked beside the recipe. */
  children?: ReactNode;
  send: (recipe: Recipe) => Promise<T>;
  onSent: (answer: T) => void;
  onClose: () => void;
}

/** A form for a recipe; what was filled in stays when the server refuses it. */
export function RecipeDialog<T>({ title, action, children, send, onSent, onClose }: Props<T>) {
  const { t } = useTranslation();
  const id = useId();
  const known = useQuery(tasksQuery);
  const [typed, setTyped] = useState<Draft | null>(null);
  const first = known.data?.items[0];
  const draft = typed ?? (first ? draftOf(first) : EMPTY);
  const sending = useMutation({ mutationFn: send, onSuccess: onSent });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (wrongLines(draft.more).length > 0) return;
    sending.mutate(recipeOf(draft, known.data?.items.find((task) => task.name === draft.task)));
  }

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby={id}>
      <form onSubmit={submit}>
        <DialogTitle id={id}>{title}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            {sending.error && <Failure error={sending.error} />}
            <Fetched query={known}>{(tasks) => <RecipeFields known={tasks} draft={draft} change={setTyped} />}</Fetched>
            {children}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" variant="contained" disabled={!known.data} loading={sending.isPending}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
