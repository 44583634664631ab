/**
 * What was typed into a form and not saved yet. It outlives the form, so that neither a session that ran out nor a look
 * at another page loses it; it stays in this tab's memory and is shown to nobody but whoever typed it.
 */
import { useEffect, useState } from "react";

import { useMe } from "./session";

/** Where a new patient's record is kept; that of a stored one is kept by its id. */
export const NEW = "new";

let owner = "";
const drafts = new Map<string, unknown>();

interface Draft<T> {
  value: T;
  /** Whether it was there when the form was opened. */
  found: boolean;
  set: (value: T) => void;
  /** Saved or given up. */
  drop: () => void;
  /** Given up, and begun anew with this. */
  restart: (value: T) => void;
}

export function useDraft<T>(place: string, initial: () => T): Draft<T> {
  const me = useMe().id;
  const [found] = useState(() => kept(me).has(place));
  const [value, setValue] = useState(() => (kept(me).has(place) ? (kept(me).get(place) as T) : initial()));
  return {
    value,
    found,
    set: (next) => {
      keepDraft(me, place, next);
      setValue(next);
    },
    drop: () => {
      kept(me).delete(place);
    },
    restart: (next) => {
      kept(me).delete(place);
      setValue(next);
    },
  };
}

/**
 * As React's `useState`, for what is forgotten when its place is gone, such as a dialog, whether it is open, and what was
 * typed into it: it outlives a session that ends amid it, and nothing else.
 */
export function useKept<T>(place: string, initial: T | (() => T)): [T, (value: T) => void] {
  const { value, set } = useDraft<T>(place, () => (initial instanceof Function ? initial() : initial));
  const me = useMe().id;
  useEffect(
    () => () => {
      if (location.pathname !== "/sign-in") kept(me).delete(place);
    },
    [me, place],
  );
  return [value, set];
}

/** Whether anything was typed that only this tab's memory holds. */
export function hasDrafts(): boolean {
  return drafts.size > 0;
}

export function keepDraft(person: string, place: string, value: unknown): void {
  kept(person).set(place, value);
}

function kept(person: string): Map<string, unknown> {
  if (person !== owner) drafts.clear();
  owner = person;
  return drafts;
}
