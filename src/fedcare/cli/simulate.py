"""``fedcare simulate``: a whole federation in one process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fedcare.cli.options import Data, Out, Seed, Set, TaskName, parse_settings
from fedcare.cli.output import JsonFlag, emit, working
from fedcare.cli.protections import Private, Robust, Secure, another_model
from fedcare.errors import Interrupted
from fedcare.settings import settings as machine


def command(
    task: TaskName,
    data: Data = None,
    partition: Annotated[
        str | None,
        typer.Option(help="hospitals, iid[:N], dirichlet:A[:N], by:COLUMN, or files (--data is a folder)."),
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="Aggregation strategy, such as fedavg, fedprox, krum.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Number of rounds.")] = None,
    local_epochs: Annotated[int | None, typer.Option(help="Passes over local rows in a round.")] = None,
    fraction: Annotated[float | None, typer.Option(help="Share of institutions that train in a round.")] = None,
    seed: Seed = 42,
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, or the latest one.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also train each institution alone, and all rows in one place.")
    ] = False,
    engine: Annotated[str | None, typer.Option(help="inprocess, batched or ray; chosen by itself if unset.")] = None,
    private: Private = None,
    secure: Secure = False,
    robust: Robust = False,
    set_: Set = None,
    json: JsonFlag = False,
) -> None:
    """Train one model across simulated institutions, and end with a model version and a report."""
    from fedcare.tasks.protected import protected

    shortcuts = {
        "strategy.name": strategy,
        "rounds.rounds": rounds,
        "local.epochs": local_epochs,
        "rounds.fraction_train": fraction,
    }
    settings = protected(task, private, secure, robust) | parse_settings(set_)
    settings |= {key: str(value) for key, value in shortcuts.items() if value is not None}
    summary = _simulate(task, data, partition, settings, seed, out, resume, compare, engine, quiet=json)
    if json:
        emit(summary)


def _simulate(
    task: str,
    data: Path | None,
    partition: str | None,
    settings: dict[str, str],
    seed: int,
    out: Path | None,
    resume: bool,
    compare: bool,
    engine: str | None,
    quiet: bool,
) -> dict[str, Any]:
    started = time.perf_counter()
    with working("reading records and preparing the study", quiet):
        from fedcare.cli.watcher import LiveWatcher
        from fedcare.federation.engines import choose
        from fedcare.federation.run_folder import latest_unfinished, name_for
        from fedcare.federation.simulation import Job, simulate
        from fedcare.federation.study import design

        study = design(task, data, partition, settings, seed)
        choice = choose(engine, study.plan, study.task)
    root = machine().runs
    folder = out or (latest_unfinished(root, study) if resume else root / name_for(study.task.name))
    job = Job(study, choice.engine, folder, resume, compare)
    with LiveWatcher(study, choice, quiet) as watcher:
        if (told := another_model(task, study.plan)) is not None:
            watcher.note(told)
        try:
            summary = simulate(job, watcher, time.perf_counter() - started)
        except KeyboardInterrupt:
            again = f"the same command with --out {folder} --resume"
            raise Interrupted(round=watcher.round, command=again) from None
        watcher.finished(summary)
    return summary
