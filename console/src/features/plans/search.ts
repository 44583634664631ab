/** What the address of the list of plans holds. */
export function planFilterOf(search: Record<string, unknown>): { task?: string | undefined } {
  return typeof search.task === "string" ? { task: search.task } : {};
}
