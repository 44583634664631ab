export const PARTS = ["left", "privacy", "rules", "node", "people"] as const;
export type Part = (typeof PARTS)[number];

/**
 * Which part of the page an address shows; of what left, that of one run alone. Of a part that there is not nothing is
 * left, which has to be said.
 */
export function hospitalSearch(search: Record<string, unknown>): { part?: Part | undefined; run?: string } {
  const part = PARTS.find((each) => each === search.part);
  const run = typeof search.run === "string" ? search.run : undefined;
  return { part, ...(run ? { run } : {}) };
}
