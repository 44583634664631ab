"""``fedcare train-local``: the sanity check without a federation."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fedcare.cli.options import Data, Out, Seed, Set, TaskName, parse_settings
from fedcare.cli.output import JsonFlag, emit, screen, working
from fedcare.cli.words import figures
from fedcare.settings import settings as machine


def command(
    task: TaskName,
    data: Data = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training rows.")] = None,
    seed: Seed = 42,
    out: Out = None,
    set_: Set = None,
    json: JsonFlag = False,
) -> None:
    """Train on all records in one place, as if there were no hospitals to keep apart."""
    with working("preparing", quiet=json):
        from fedcare.federation.run_folder import name_for
        from fedcare.federation.train_local import plan_for, train_local

        declared, plan = plan_for(task, parse_settings(set_), epochs, seed)
    folder = out or machine().runs / name_for(f"{declared.name}-local")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, disable=json) as progress:
        bar = progress.add_task(declared.title, total=plan.rounds.rounds)
        summary = train_local(
            declared,
            plan,
            data,
            folder,
            lambda epoch: progress.update(bar, completed=epoch.number, description=f"loss {epoch.train_loss:.4f}"),
        )
    _tell(summary, json)


def _tell(summary: dict[str, Any], json: bool) -> None:
    if json:
        emit(summary)
        return
    screen.print(f"on the {summary['judged_on']} rows: {figures(summary['metrics'])}")
    screen.print(f"model: {summary['model_dir']}", soft_wrap=True)
