/** What differs between two JSON values, leaf by leaf. */
export interface Difference {
  /** The place, its parts divided by dots. */
  path: string;
  /** Undefined where there was nothing. */
  before: unknown;
  now: unknown;
}

type Tree = Record<string, unknown>;

/** Differences in the order of the newer value's keys, then what it no longer has; a list is one leaf. */
export function differences(before: unknown, now: unknown, path = ""): Difference[] {
  if (!isTree(before) || !isTree(now)) {
    return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ path, before, now }];
  }
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...keys].flatMap((key) => differences(before[key], now[key], path ? `${path}.${key}` : key));
}

/** The value at a dotted place; undefined where there is none. */
export function valueAt(tree: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((found, key) => (isTree(found) ? found[key] : undefined), tree);
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
