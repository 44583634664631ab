"""What the worker says of a run in the database: taken up, given up, stopped before it began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from fedcare.db.database import Database, Scope
from fedcare.db.runs import ENDED, hold, set_status, tell
from fedcare.db.tables import model_versions, training_plans, training_runs

EVERYBODY = Scope.of(None)


@dataclass(frozen=True)
class Claim:
    """A run that is to be carried on: its plan's hash and canonical text, and the version that answers for its task."""

    plan_hash: str
    plan: str
    active: dict[str, Any] | None


def take_up(database: Database, run_id: UUID) -> Claim | None:
    """Begin another attempt at a run; None for one that has ended, or ends now because somebody asked for that.

    Raises DatabaseUnavailable.
    """
    with database.transaction(EVERYBODY) as tx:
        row = hold(tx, run_id)
        if row is None or row.status in ENDED:
            return None
        if row.stop_requested and row.status == "queued":
            set_status(tx, row, "stopped", reason="stopped before it began, as asked")
            return None
        status = "started" if row.status == "queued" else row.status
        set_status(tx, row, status, attempts=row.attempts + 1)
        plan = tx.execute(select(training_plans.c.canonical).where(training_plans.c.hash == row.plan_hash)).scalar_one()
        return Claim(row.plan_hash, plan, _active(tx, row.task))


def note(database: Database, run_id: UUID, text: str) -> None:
    """A line among the run's events; raises DatabaseUnavailable."""
    with database.transaction(EVERYBODY) as tx:
        if hold(tx, run_id) is not None:
            tell(tx, run_id, "note", {"about": "worker", "text": text})


def give_up(database: Database, run_id: UUID, reason: str) -> None:
    """Let a run end as failed; raises DatabaseUnavailable."""
    _end(database, run_id, "failed", reason)


def stop(database: Database, run_id: UUID, reason: str) -> None:
    """Let a run end as stopped; raises DatabaseUnavailable."""
    _end(database, run_id, "stopped", reason)


def wants_stop(database: Database, run_id: UUID) -> bool:
    """Whether somebody asked for the run's end; raises DatabaseUnavailable."""
    with database.transaction(EVERYBODY) as tx:
        query = select(training_runs.c.stop_requested).where(training_runs.c.id == run_id)
        return bool(tx.execute(query).scalar())


def _end(database: Database, run_id: UUID, status: str, reason: str) -> None:
    with database.transaction(EVERYBODY) as tx:
        if (row := hold(tx, run_id)) is not None:
            set_status(tx, row, status, reason=reason)


def _active(tx: Connection, task: str) -> dict[str, Any] | None:
    columns = model_versions.c
    query = select(columns.version, columns.hash, columns.metrics).where(columns.task == task, columns.is_active)
    row = tx.execute(query).one_or_none()
    return {"name": row.version, "task": task, "hash": row.hash, "metrics": row.metrics} if row else None
