export const PARTS = ["institutions", "nodes", "health", "people"] as const;
export type Part = (typeof PARTS)[number];

/** Which part of the page an address shows. */
export function consortiumSearch(search: Record<string, unknown>): { part?: Part } {
  const part = PARTS.find((each) => each === search.part);
  return part ? { part } : {};
}
