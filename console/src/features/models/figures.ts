/** A version's figures, pooled and of each institution, and which way each is better. */
export type Numbers = Readonly<Record<string, number>>;

export interface FiguresOf {
  pooled: Numbers;
  institutions: Readonly<Record<string, Numbers>>;
  judgedOn: string | null;
}

const LOWER_IS_BETTER = new Set(["loss", "mse", "rmse", "mae", "brier", "log_loss"]);
/** The figures that a person looks at first, in this order; which of them there are is the task's. */
export const SHOWN = ["auc", "accuracy", "sensitivity", "specificity", "r2", "mae", "rmse"] as const;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numbers(value: unknown): Numbers {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((each): each is [string, number] => typeof each[1] === "number"));
}

/** From a version's stored metrics, whose keys are the training's. */
export function figuresOf(metrics: Readonly<Record<string, unknown>>): FiguresOf {
  const institutions = isRecord(metrics.institutions) ? metrics.institutions : {};
  return {
    pooled: numbers(metrics.metrics),
    institutions: Object.fromEntries(Object.entries(institutions).map(([name, own]) => [name, numbers(own)])),
    judgedOn: typeof metrics.judged_on === "string" ? metrics.judged_on : null,
  };
}

export function shownOf(figures: FiguresOf): string[] {
  return SHOWN.filter((name) => name in figures.pooled);
}

/** By how much the new figure is better: positive is a gain, whichever way the figure counts. */
export function gain(name: string, now: number, before: number): number {
  return LOWER_IS_BETTER.has(name) ? before - now : now - before;
}
