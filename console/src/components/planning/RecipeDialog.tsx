import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Recipe } from "../../api-client/schema";
import { decimalSign } from "../../lib/decimal";
import { useKept } from "../../lib/drafts";
import { Fetched } from "../Fetched";
import { FormDialog } from "../FormDialog";
import { nodesQuery } from "../nodes";
import { draftOf, EMPTY, firstOf, recipeOf, wrongLines, type Draft } from "./recipe";
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
  const known = useQuery(tasksQuery);
  const [typed, setTyped] = useKept<Draft | null>("recipe", null);
  const nodes = useQuery(nodesQuery);
  const first = firstOf(known.data?.items ?? [], nodes.data?.items ?? []);
  const draft = typed ?? (first ? draftOf(first) : EMPTY);
  const sending = useMutation({ mutationFn: send, onSuccess: onSent });

  function submit(): void {
    if (wrongLines(draft.more).length > 0) return;
    sending.mutate(recipeOf(draft, known.data?.items.find((task) => task.name === draft.task), decimalSign()));
  }

  return (
    <FormDialog
      title={title}
      action={action}
      width="sm"
      error={sending.error}
      busy={sending.isPending}
      disabled={!known.data}
      onSubmit={submit}
      onClose={onClose}
    >
      <Fetched query={known}>{(tasks) => <RecipeFields known={tasks} draft={draft} change={setTyped} />}</Fetched>
      {children}
    </FormDialog>
  );
}
