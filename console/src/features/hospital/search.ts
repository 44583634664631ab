export const PARTS = ["left", "privacy", "rules", "node", "people"] as const;
export type Part = (typeof PARTS)[number];

/** Which part of the page an address shows; of what left, that of one run alone. */
export function hospitalSearch(search: Record<string, unknown>): { part?: Part; run?: string } {
  const part = PARTS.find((each) => each === search.part);
  const run = typeof search.run === "string" ? search.run : undefined;
  return { ...(part ? { part } : {}), ...(run ? { run } : {}) };
}
