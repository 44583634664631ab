export const PARTS = ["institutions", "nodes", "health", "people"] as const;
export type Part = (typeof PARTS)[number];

/** Which part of the page an address shows; of one that there is not nothing is left, which has to be said. */
export function consortiumSearch(search: Record<string, unknown>): { part?: Part | undefined } {
  return { part: PARTS.find((each) => each === search.part) };
}
