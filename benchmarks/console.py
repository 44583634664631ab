"""How soon the console's pages are there and can be used: ``python -m benchmarks.console``.

Protocol: a gateway process over an embedded PostgreSQL with 100,000 patients in one institution and a model version;
headless Chromium on the same machine, for each look a window of its own with an empty cache. Every figure is a median.

What is measured, as Lighthouse names it (https://web.dev/articles/vitals):

- first and largest contentful paint, and the time at which the page's own content is there;
- interactive: when the last task of more than 50 ms after the first paint is over and the content is there;
- blocking: how much of such tasks is above 50 ms; shift: how far what is shown was moved by what came later;
- scripts: packed bytes that came over the wire until then; the aim is for what comes first, before any feature;
- rows drawn: from the arrival of a page of 50 patients until the frame that shows them.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.api import PATIENTS, fill, import_model
from benchmarks.output import emit, parser, progress, table
from benchmarks.served import Served, serve

# By name: whether somebody is signed in, the address, and what is there once the page's own content is.
PAGES = {
    "sign in": (False, "/sign-in", "input[type=password]"),
    "overview": (True, "/", "main h1"),
    "patients": (True, "/patients", "tbody tr:nth-child(50)"),
    "predict": (True, "/predict?task=insurance-cost", "main input[type=number]"),
}
FIRST = ("sign in", "overview")
AIMS = {"interactive": 2000.0, "blocking": 200.0, "shift": 0.1, "scripts": 200_000.0}
DRAWN_AIM = 200.0

# Says when things happened; marks when the content is there, and each frame after 50 rows were put into a table.
WATCH = """
(selector) => {
  const seen = { tasks: [], paint: 0, largest: 0, shift: 0, content: 0, drawn: [] };
  window.seen = seen;
  const watch = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  watch("longtask", ({ startTime, duration }) => seen.tasks.push([startTime, duration]));
  watch("paint", ({ name, startTime }) => { if (name === "first-contentful-paint") seen.paint = startTime; });
  watch("largest-contentful-paint", ({ startTime }) => { seen.largest = startTime; });
  watch("layout-shift", ({ value, hadRecentInput }) => { if (!hadRecentInput) seen.shift += value; });
  const afterFrame = (act) => requestAnimationFrame(() => setTimeout(act));
  new MutationObserver((changes) => {
    if (!seen.content && document.querySelector(selector)) afterFrame(() => (seen.content ||= performance.now()));
    const rows = (node) => node.nodeType === 1 && (node.closest("tbody") || node.querySelector("tbody tr"));
    const drawn = changes.some(({ target, addedNodes }) => [target, ...addedNodes].some(rows));
    if (drawn && document.querySelectorAll("tbody tr").length === 50)
      afterFrame(() => seen.drawn.push(performance.now()));
  }).observe(document, { childList: true, characterData: true, subtree: true });
}
"""
FOUND = """
() => {
  const { tasks, ...seen } = window.seen;
  const late = tasks.filter(([start]) => start + 50 > seen.paint);
  const scripts = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
  return {
    ...seen,
    interactive: Math.max(seen.paint, seen.content, ...late.map(([start, time]) => start + time)),
    blocking: late.reduce((sum, [, time]) => sum + time - 50, 0),
    scripts: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  };
}
"""
# From the arrival of this page of patients, counted from 0, to the frame that showed it; null until then.
TOOK = """
(page) => {
  const isPage = ({ name }) => /api\\/patients(\\?(?!.*count=)|$)/.test(name);
  const came = performance.getEntriesByType("resource").filter(isPage)[page]?.responseEnd;
  const frame = window.seen.drawn.find((time) => time > came);
  return frame === undefined ? null : frame - came;
}
"""


def main() -> None:
    """Measure and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--looks", type=int, default=10, help="how often each page is opened")
    options = line.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), fast=True) as served, chromium() as browser:
        progress(f"{PATIENTS} patients and a model version ...")
        fill(served)
        import_model(served, Path(folder))
        load = os.getloadavg()[0]
        pages = {name: median([look(browser, served, name) for _ in range(options.looks)]) for name in PAGES}
        rows = {"first": pages["patients"].pop("drawn"), "next": next_pages(browser, served, options.looks)}
    result = {"benchmark": "console", "load": load, "pages": pages, "drawn_ms": rows}
    emit(result, report(result), options.json)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, without a window."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        if not found:
            raise SystemExit("Chromium is missing: `make test` installs it")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, served: Served, name: str) -> Iterator[Page]:
    """A page that was opened with an empty cache and has come to rest."""
    signed_in, address, selector = PAGES[name]
    base = f"http://127.0.0.1:{served.port}"
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    if signed_in:
        login = {"email": "doctor@1.example", "password": served.password, "cookies": True}
        if not context.request.post(f"{base}/api/auth/login", data=login).ok:
            raise SystemExit("the gateway lets nobody in")
    page = context.new_page()
    page.add_init_script(f"({WATCH})({selector!r})")
    page.goto(base + address)
    page.wait_for_selector(selector)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    yield page
    context.close()


def look(browser: Browser, served: Served, name: str) -> dict[str, float]:
    """What one look at a page gives, in milliseconds and bytes."""
    with window(browser, served, name) as page:
        found: dict[str, float] = page.evaluate(FOUND)
        found.pop("drawn")
        if name == "patients":
            found["drawn"] = drawn(page, 0)
        return found


def next_pages(browser: Browser, served: Served, looks: int) -> float:
    """Milliseconds from the arrival of a further page of patients to the frame that shows it."""
    taken = []
    with window(browser, served, "patients") as page:
        for number in range(1, looks + 1):
            page.get_by_role("link", name="Next").click()
            taken.append(drawn(page, number))
    return statistics.median(taken)


def drawn(page: Page, number: int) -> float:
    """Milliseconds from the arrival of the page of patients with this number to the frame that shows it."""
    # The page's content policy lets nothing wait inside of it.
    while (taken := page.evaluate(TOOK, number)) is None:
        page.wait_for_timeout(100)
    return float(taken)


def median(looks: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure."""
    progress(", ".join(f"{each['interactive']:.0f}" for each in looks) + " ms")
    return {key: statistics.median(look[key] for look in looks) for key in looks[0]}


def report(result: dict[str, Any]) -> str:
    """A table with the aims, and how long rows took."""
    times = ("paint", "largest", "content", "interactive", "blocking")
    rows = [["page", *(f"{name}, ms" for name in times), "shift", "scripts, kB", ""]]
    for name, found in result["pages"].items():
        cells = [f"{found[time]:.0f}" for time in times]
        aims = AIMS if name in FIRST else {key: aim for key, aim in AIMS.items() if key != "scripts"}
        missed = [key for key, aim in aims.items() if found[key] >= aim]
        verdict = f"missed: {', '.join(missed)}" if missed else "met"
        rows.append([name, *cells, f"{found['shift']:.3f}", f"{found['scripts'] / 1000:.0f}", verdict])
    aims = ["aim under", "", "", "", "2000", "200", "0.1", "200", ""]
    lines = [table([*rows, aims]), ""]
    for which, time in result["drawn_ms"].items():
        verdict = "met" if time < DRAWN_AIM else "missed"
        lines.append(f"{which} 50 of {PATIENTS} rows drawn after {time:.0f} ms, aim under {DRAWN_AIM:.0f}: {verdict}")
    return "\n".join([*lines, f"load of the machine when it began: {result['load']:.1f}"])


if __name__ == "__main__":
    main()
