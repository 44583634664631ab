/** What somebody fills in to have something learned, and the request that it becomes. */
import type { Client, KnownTask, Recipe } from "../../api-client/schema";
import { numberOf, type Sign } from "../../lib/decimal";

export interface Draft {
  task: string;
  rounds: string;
  seed: string;
  strategy: string;
  /** Whether there is differential privacy, and what the whole run may then cost each patient. */
  private: boolean;
  epsilon: string;
  secure: boolean;
  /** Whether a hospital that errs or lies is to do little harm. */
  robust: boolean;
  /** `key=value`, one a line, as after `--set` of the commands. */
  more: string;
}

export const EMPTY: Draft = {
  task: "",
  rounds: "",
  seed: "42",
  strategy: "",
  private: false,
  epsilon: "1",
  secure: false,
  robust: false,
  more: "",
};

/** What a task starts from. */
export function draftOf(task: KnownTask): Draft {
  return { ...EMPTY, task: task.name, rounds: String(task.rounds), strategy: task.strategy };
}

/** The task that most of the records on the nodes are for; without any, the one that everybody can run at once. */
export function firstOf(tasks: readonly KnownTask[], nodes: readonly Pick<Client, "records">[]): KnownTask | undefined {
  const rows = (task: KnownTask) => nodes.reduce((sum, node) => sum + (node.records[task.name] ?? 0), 0);
  const held = tasks.reduce<KnownTask | undefined>((most, task) => (rows(task) > (most ? rows(most) : 0) ? task : most), undefined);
  return held ?? tasks.find((task) => task.name === "insurance-cost") ?? tasks[0];
}

/**
 * The request; what is left as the task has it is not sent. Lines that are none are named by `wrongLines`. An epsilon that
 * is no number becomes one that the server refuses, and never a run without privacy.
 */
export function recipeOf(draft: Draft, task: KnownTask | undefined, sign: Sign): Recipe {
  const settings: Recipe["settings"] = {};
  if (task && draft.strategy !== task.strategy) settings["strategy.name"] = draft.strategy;
  for (const [key, value] of lines(draft.more)) if (value !== undefined) settings[key] = value;
  const { private: hidden, secure, robust } = draft;
  const protections = { ...(hidden && { private: numberOf(draft.epsilon, sign) ?? -1 }), ...(secure && { secure }), ...(robust && { robust }) };
  return { task: draft.task, rounds: Number(draft.rounds), seed: Number(draft.seed), settings, ...protections };
}

/** The lines of further settings that are not of the form `key=value`. */
export function wrongLines(more: string): string[] {
  return lines(more).flatMap(([key, value]) => (value === undefined ? [key] : []));
}

function lines(more: string): [key: string, value: string | undefined][] {
  const filled = more.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return filled.map((line) => {
    const [, key, value] = /^([\w.-]+)\s*=\s*(.+)$/.exec(line) ?? [];
    return key === undefined ? [line, undefined] : [key, value];
  });
}
