"""The runs of a demonstration, over the real nodes: each built-in task that has no model yet, and one to be watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fedcare.errors import RunFailed

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Row

    from fedcare.cli.up_processes import Layout
    from fedcare.db.database import Database

FIRST_RUNS: dict[str, dict[str, str]] = {
    "insurance-cost": {"rounds": "8"},
    # Small images and few rounds: a first model within a minute, on two cores.
    "cancer-imaging": {"rounds": "2", "image_size": "32"},
}
WATCHED = "insurance-cost"
WATCHED_ROUNDS = "40"
"""Long enough to be found and followed by whoever has just signed in."""
SEED = 42
_LOOK = 0.3
_LOOK_FOR_GUESTS = 1.0
_SHOWN = ("auc", "accuracy", "r2", "mae")

Say = Callable[[str], None]


def first_runs(database: Database, layout: Layout, count: int, say: Say) -> bool:
    """Train what has no active model, one after the other, and tell how it goes; whether there was any such task.

    A run that an earlier start began is waited for, not begun again. Raises RunFailed.
    """
    waiting = {task: _open_run(database, task) for task in FIRST_RUNS if _active(database, task) is None}
    # All are asked for at once: should this be stopped now, the next start finds them in the queue.
    asked = {task: run or _request(database, layout, task, count) for task, run in waiting.items()}
    for task, run_id in asked.items():
        say(f"Training {task} over {count} institutions.")
        _follow(database, _Shown(task, run_id, say))
    for task in FIRST_RUNS:
        version = _active(database, task)
        figures = _figures(version.metrics.get("metrics", {})) if version else ""
        say(f"{version.version} answers for {task}: {figures}." if version else f"{task}: no model.")
    return bool(asked)


def wait_for_guest(database: Database, institution: int, since: datetime) -> None:
    """Until somebody of an institution has signed in, or come back, after a moment."""
    from fedcare.errors import DatabaseUnavailable

    while True:
        try:
            if has_come(database, institution, since):
                return
        except DatabaseUnavailable:  # It is being started again.
            pass
        time.sleep(_LOOK_FOR_GUESTS)


def has_come(database: Database, institution: int, since: datetime) -> bool:
    """Whether somebody of an institution has signed in, or come back with a session, after a moment."""
    from sqlalchemy import select

    from fedcare.db.database import Scope
    from fedcare.db.tables import refresh_tokens

    with database.transaction(Scope.of(institution)) as tx:
        later = select(refresh_tokens.c.session_id).where(refresh_tokens.c.created_at > since)
        return tx.execute(later.limit(1)).first() is not None


def run_to_watch(database: Database, layout: Layout, count: int, say: Say) -> None:
    """Begin a run for a guest to watch, where none is under way; of a seed of its own, so that it is a new one."""
    from sqlalchemy import func, select

    from fedcare.db.database import Scope
    from fedcare.db.tables import training_runs

    if any(_open_run(database, task) for task in FIRST_RUNS):
        return
    with database.transaction(Scope.of(None)) as tx:
        before = tx.execute(select(func.count()).select_from(training_runs)).scalar_one()
    _request(database, layout, WATCHED, count, SEED + before, rounds=WATCHED_ROUNDS)
    say(f"Somebody has come: {WATCHED} is trained once more, to be watched under Training.")


def _request(database: Database, layout: Layout, task_name: str, count: int, seed: int = SEED, **others: str) -> UUID:
    from fedcare.aggregation.planning import plan_of
    from fedcare.db.database import Scope
    from fedcare.db.runs import keep_plan, request_run
    from fedcare.tasks.overrides import apply
    from fedcare.tasks.registry import get
    from fedcare.trust.bulletin import publish_plan

    # With all of them from the first round on, so that everybody's demonstration gives the same model.
    settings = FIRST_RUNS[task_name] | {"min_available": str(count)} | others
    plan = plan_of(apply(get(task_name), settings), seed)
    publish_plan(layout.home / "consortium", plan.hash, plan.canonical())
    with database.transaction(Scope.of(None)) as tx:
        keep_plan(tx, plan)
        return request_run(tx, plan, cause="command line")


@dataclass
class _Shown:
    """What has been told of a run."""

    task: str
    run_id: UUID
    say: Say
    rounds: set[int] = field(default_factory=set)
    reason: str | None = None


def _follow(database: Database, shown: _Shown) -> None:
    from fedcare.db.runs import ENDED
    from fedcare.errors import DatabaseUnavailable

    while True:
        try:
            run, rounds = _look(database, shown.run_id)
        except DatabaseUnavailable:  # It is being started again.
            time.sleep(1)
            continue
        for each in rounds:
            if each.round_number not in shown.rounds and each.status == "completed":
                shown.rounds.add(each.round_number)
                shown.say(f"  round {each.round_number}/{run.rounds}: {_figures(each.metrics)}, {each.seconds:.1f} s")
        if run.status in ENDED:
            break
        time.sleep(_LOOK)
    if run.status != "completed":
        raise RunFailed(run=run.id, status=run.status, reason=run.reason or "no reason was given")


def _look(database: Database, run_id: UUID) -> tuple[Row[Any], list[Row[Any]]]:
    from sqlalchemy import select

    from fedcare.db.database import Scope
    from fedcare.db.tables import training_rounds, training_runs

    with database.transaction(Scope.of(None)) as tx:
        run = tx.execute(select(training_runs).where(training_runs.c.id == run_id)).one()
        mine = select(training_rounds).where(training_rounds.c.run_id == run_id)
        return run, list(tx.execute(mine.order_by(training_rounds.c.round_number)))


def _open_run(database: Database, task: str) -> UUID | None:
    """The newest run of a task that has not ended."""
    from sqlalchemy import select

    from fedcare.db.database import Scope
    from fedcare.db.tables import training_runs

    mine = select(training_runs.c.id).where(training_runs.c.task == task, training_runs.c.completed_at.is_(None))
    with database.transaction(Scope.of(None)) as tx:
        return tx.execute(mine.order_by(training_runs.c.id.desc()).limit(1)).scalar()


def _active(database: Database, task: str) -> Row[Any] | None:
    """The version that answers."""
    from sqlalchemy import select

    from fedcare.db.database import Scope
    from fedcare.db.tables import model_versions

    active = select(model_versions).where(model_versions.c.task == task, model_versions.c.is_active)
    with database.transaction(Scope.of(None)) as tx:
        return tx.execute(active).first()


def _figures(metrics: dict[str, Any]) -> str:
    named = [f"{name} {metrics[name]:,.3f}" for name in _SHOWN if isinstance(metrics.get(name), int | float)]
    return ", ".join(named) or "no figures"
