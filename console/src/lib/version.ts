/** Whether the gateway serves another version of the console by now than the one that runs here. */

const RELOADED = "fedcare.reloaded";

/** Whether files of this version are gone because another one is served; false where that cannot be asked. */
export async function isReplaced(): Promise<boolean> {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    const served = new DOMParser().parseFromString(await answer.text(), "text/html");
    return answer.ok && scriptsOf(served) !== scriptsOf(document);
  } catch {
    return false;
  }
}

/** What a document begins with: the names change with whatever is in any file of the console. */
function scriptsOf(page: Document): string {
  return Array.from(page.querySelectorAll("script[src]"), (script) => script.getAttribute("src")).join();
}

/** Load the console anew, once in the life of a tab: two gateways of different versions would else take turns for ever. */
export function reloadOnce(): void {
  if (sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
}
