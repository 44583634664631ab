/**
 * Where the focus goes when what had it is gone: a row that was deleted, a button that has done its work, a dialog whose
 * opener left with it. By itself it would fall to the whole document, and whoever goes by keyboard would start anew.
 */

/** The last place in the page that had the focus. */
interface Place {
  node: Element;
  row: HTMLTableRowElement | null;
  /** The row's number in its table's body. */
  number: number;
  /** What is around it, from near to far. */
  around: readonly Element[];
}

const DIALOG = "[role=dialog], dialog[open]";
const REST = "h1, h2, h3, [role=group][tabindex]";
const USABLE = "a[href], button:not(:disabled), input:not(:disabled)";

/** Watch the focus until the returned function is called; ``main`` is what holds the page. */
export function keepFocus(main: HTMLElement): () => void {
  let held: Element | null = null;
  let place: Place | null = null;

  function take({ target }: FocusEvent): void {
    if (!(target instanceof Element)) return;
    held = target;
    if (main.contains(target)) place = placeOf(target, main);
  }

  /** Whoever clicks beside everything wants no focus; what is removed or disabled loses it as well. */
  function leave({ target, relatedTarget }: FocusEvent): void {
    if (relatedTarget) return;
    queueMicrotask(() => {
      if (held === target && held && isUsable(held)) held = null;
      look();
    });
  }

  function look(): void {
    if (!held || isWaiting(held) || document.querySelector(DIALOG)) return;
    const now = document.activeElement;
    if (now && now !== document.body && (now !== held || isUsable(held))) return;
    const next = isUsable(held) ? held : main.isConnected ? nextTo(place, main) : null;
    held = null;
    if (next instanceof HTMLElement) next.focus({ preventScroll: true });
  }

  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  document.addEventListener("focusin", take);
  document.addEventListener("focusout", leave);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", take);
    document.removeEventListener("focusout", leave);
  };
}

function placeOf(node: Element, main: Element): Place {
  const around: Element[] = [];
  for (let up = node.parentElement; up && up !== main.parentElement; up = up.parentElement) around.push(up);
  const row = node.closest("tr");
  const rows = row?.parentElement?.children ?? [];
  return { node, row, number: Array.from(rows).findIndex((each) => each === row), around };
}

/** The place itself, the row that took the place of its own, else the nearest table or heading that is left. */
function nextTo(place: Place | null, main: Element): Element | null {
  if (place && isUsable(place.node)) return place.node;
  return inNextRow(place) ?? restOf(place?.around.find((each) => each.isConnected && restOf(each)) ?? main);
}

function inNextRow(place: Place | null): HTMLElement | null {
  const body = place?.row && !place.row.isConnected ? place.around.find((each) => each.tagName === "TBODY") : undefined;
  if (!place || !body?.isConnected) return null;
  const row = body.children[Math.min(place.number, body.children.length - 1)];
  return row?.querySelector<HTMLElement>(USABLE) ?? null;
}

function restOf(around: Element): HTMLElement | null {
  const found = around instanceof HTMLElement && around.matches(REST) ? around : around.querySelector<HTMLElement>(REST);
  if (found && !found.hasAttribute("tabindex")) found.tabIndex = -1;
  return found;
}

function isUsable(node: Element): boolean {
  return node.isConnected && !node.matches(":disabled");
}

/** A button whose answer is still to come will be there again. */
function isWaiting(node: Element): boolean {
  return node.isConnected && node.matches(":disabled.MuiButton-loading");
}
