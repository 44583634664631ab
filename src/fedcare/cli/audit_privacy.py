"""``fedcare audit privacy``: attacks on a run's own model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fedcare.cli.options import Data, Root
from fedcare.cli.output import JsonFlag, emit, page, screen, working
from fedcare.cli.runs import fact_sheet
from fedcare.settings import settings

AUDIT, PAGE = "privacy_audit.json", "privacy_audit.html"


def command(
    run: Annotated[str, typer.Argument(help="A simulation's name, or the path of its folder.")],
    shadows: Annotated[int, typer.Option(help="Shadow models for the attack on membership, an even number.")] = 16,
    canaries: Annotated[int, typer.Option(help="Records that are planted to measure epsilon, 20 to 5000.")] = 500,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of everything random in the audit.")] = 42,
    data: Data = None,
    root: Root = None,
    json: JsonFlag = False,
) -> None:
    """Attack a run's own model: who was trained on, what epsilon is at least, and which records gradients show.

    Shadow models tell members from others (of images, the loss does); one more training by the run's plan with canaries
    gives a lower bound on epsilon; gradients are turned back into records, with and without protection. The page is put
    beside the run's report, and the figures onto the model's card, which gives the version another name. Ends with 1
    where epsilon is greater than the run claims. It needs the records, so it is for simulations.
    """
    with working("finding the run's records", json):
        from fedcare.attacks.audit import Effort, audit, to_json
        from fedcare.attacks.target import find

        target = find(root or settings().runs, run, data)
    effort = Effort(shadows, canaries)
    with Bars(json) as bars:
        found = audit(target, effort, seed, bars)
    result = to_json(found, target.folder.name, effort, seed)
    result |= _stored(target, found, result)
    if json:
        emit(result)
    else:
        _show(result)
    if found.broken:
        raise typer.Exit(1)


def _stored(target: Any, found: Any, result: dict[str, Any]) -> dict[str, Any]:
    """Put the page and the figures beside the run, and the figures onto its version's card; says where."""
    from fedcare.attacks.inverted_images import InvertedImages
    from fedcare.attacks.pictures import pictures
    from fedcare.federation.run_folder import write_json, write_text
    from fedcare.registry.version import restated
    from fedcare.report.privacy_audit import render_audit

    shown = pictures(found.inversion) if isinstance(found.inversion, InvertedImages) else []
    write_json(target.folder / AUDIT, result)
    write_text(target.folder / PAGE, render_audit(target.study.task.title, result, shown))
    version = restated(target.version, {**target.version.metrics, "privacy_audit": _without_curves(result)})
    return {"page": str(target.folder / PAGE), "version": version.name}


def _without_curves(result: dict[str, Any]) -> dict[str, Any]:
    """The figures that a card needs."""
    return {
        key: {name: each for name, each in value.items() if name != "curve"} if isinstance(value, dict) else value
        for key, value in result.items()
    }


def _show(result: dict[str, Any]) -> None:
    from fedcare.report.privacy_audit import sentences

    members, measured, claimed = result["membership"], result["epsilon_measured"], result["epsilon_claimed"]
    facts = {
        "epsilon claimed": "none" if claimed is None else claimed,
        "epsilon measured": "not under batch norm" if measured is None else f"at least {measured:.3g}",
        "attack AUC": f"{members['auc']:.3f} +- {members['error']:.3f}",
        "members found": f"{members['tpr_at_1_percent']:.1%} at 1% false alarms",
        "version": result["version"],
        "page": result["page"],
    }
    page.print(fact_sheet(facts))
    for sentence in sentences(result):
        screen.print(escape(sentence), highlight=False)


class Bars(AbstractContextManager["Bars"]):
    """One bar for each attack on a terminal, one line elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=screen, disable=quiet or not screen.is_terminal)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def part(self, what: str) -> Callable[[int, int], None]:
        """A bar of its own for an attack."""
        if not self._quiet and not screen.is_terminal:
            screen.print(f"{what} ...")
        bar: TaskID = self._progress.add_task(what, total=None)
        return lambda done, of: self._progress.update(bar, completed=done, total=of)
