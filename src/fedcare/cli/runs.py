"""``fedcare runs``: what was run on this machine."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from fedcare.cli import words
from fedcare.cli.options import Root
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.settings import settings

# A time to the minute is enough to tell runs apart, and leaves room for their names.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

app = typer.Typer(help="The runs on this machine.", no_args_is_help=True)


@app.command("list")
def list_(root: Root = None, json: JsonFlag = False) -> None:
    """Every run under a folder."""
    from fedcare.registry.store import list_runs

    folder = root or settings().runs
    runs = list_runs(folder)
    if json:
        emit({"root": str(folder), "runs": runs})
        return
    if not runs:
        screen.print(f"No runs under {escape(str(folder))} yet: `fedcare simulate` makes one.")
        return
    columns = ("name", "status", "strategy", "rounds", "metric", "value", "seconds")
    page.print(listing(runs, columns))


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="A run's name, or the path of its folder.")],
    root: Root = None,
    json: JsonFlag = False,
) -> None:
    """One run: its figures, institutions and files."""
    from fedcare.registry.store import show_run

    found = show_run(root or settings().runs, run)
    if json:
        emit(found)
        return
    facts = ("name", "path", "status", "task", "partition", "engine", "rounds", "best_round", "judged_on", "plan_hash")
    page.print(fact_sheet({name: found.get(name) for name in (*facts, "model_dir", "report")}))
    if "metrics" in found:
        own = {name: each.get("metrics", {}) for name, each in found["institutions"].items()}
        page.print(figures(found["metrics"], own, found.get("privacy")))


# -- tables that runs and models have in common -----------------------------------------------------------------------


def listing(entries: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    """One line an entry."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="ellipsis", no_wrap=True, min_width=len(column) if column != "name" else 20)
    for entry in entries:
        table.add_row(*(escape(_text(entry.get(column))) for column in columns))
    return table


def fact_sheet(facts: dict[str, Any]) -> Table:
    """One line a fact; what is not known is left out."""
    table = Table(box=None, show_header=False)
    for name, value in facts.items():
        if value is not None:
            table.add_row(name.replace("_", " "), escape(_text(value)))
    return table


def figures(
    pooled: dict[str, float], institutions: dict[str, dict[str, float]], privacy: dict[str, Any] | None = None
) -> Table:
    """Pooled metrics with what the noise of a run that is ``privacy`` leaves open, and each institution's."""
    table = Table("", *pooled, box=box.SIMPLE_HEAD)
    table.add_row("all together", *(_text(value) for value in pooled.values()))
    if known := (privacy or {}).get("intervals"):
        table.add_row("95% from the noise", *(words.interval(metric, known.get(metric)) for metric in pooled))
    for name, own in institutions.items():
        table.add_row(escape(name), *(_text(own.get(metric)) for metric in pooled))
    return table


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text[:16].replace("T", " ") if MOMENT.match(text) else text
