"""Plans and runs as everybody writes them: the gateway, the worker with its schedules, the command line.

A run's events are read in the order of their ids by whoever watches, who goes on after the last one seen. So an id must
not become visible after a higher one of the same run: whoever tells an event holds the run's row until the commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, Table, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from fedcare.db.ids import new_id
from fedcare.db.jobs import queue_run
from fedcare.db.tables import run_events, training_plans, training_runs
from fedcare.plan import TrainingPlan

CHANNEL = "fedcare_runs"
"""News that something happened in a run; the payload is its id."""
ENDED = frozenset({"completed", "failed", "stopped"})
Cause = Literal["manual", "cron", "new records", "command line"]

_TELL = text("select pg_notify(:channel, :payload)")


def keep_plan(tx: Connection, plan: TrainingPlan, proposed_by: UUID | None = None) -> bool:
    """Store a plan under its hash; whether it is a new one."""
    canonical = plan.canonical()
    values = {
        "hash": plan.hash,
        "task": plan.task_name,
        "plan": json.loads(canonical),
        "canonical": canonical,
        "proposed_by": proposed_by,
    }
    adding = insert_or(training_plans).values(**values).on_conflict_do_nothing().returning(training_plans.c.hash)
    return tx.execute(adding).first() is not None


def request_run(
    tx: Connection,
    plan: TrainingPlan,
    cause: Cause = "manual",
    requested_by: UUID | None = None,
    schedule_id: int | None = None,
) -> UUID:
    """Make a run of a plan that is kept, with its job, in one transaction of the consortium; its id."""
    run_id = new_id()
    values = {
        "id": run_id,
        "plan_hash": plan.hash,
        "task": plan.task_name,
        "rounds": plan.rounds.rounds,
        "status": "queued",
        "cause": cause,
        "schedule_id": schedule_id,
        "requested_by": requested_by,
    }
    tx.execute(insert(training_runs).values(**values))
    tell(tx, run_id, "run", {"status": "queued"})
    queue_run(tx, run_id)
    return run_id


def hold(tx: Connection, run_id: UUID) -> Row[Any] | None:
    """The run's row, which nobody else changes until the transaction ends; None where there is none."""
    query = select(training_runs).where(training_runs.c.id == run_id).with_for_update()
    return tx.execute(query).one_or_none()


def tell(tx: Connection, run_id: UUID, kind: str, data: Mapping[str, Any]) -> None:
    """Add an event to a run that this transaction made or holds, and let every watcher know when it commits.

    Everybody who is signed in reads events: no institution's own figures in here.
    """
    tx.execute(insert(run_events).values(run_id=run_id, kind=kind, data=dict(data)))
    tx.execute(_TELL, {"channel": CHANNEL, "payload": str(run_id)})


def set_status(tx: Connection, held: Row[Any], status: str, **values: Any) -> bool:
    """Change a held run's status and other columns, and tell it; whether anything changed.

    A run that has ended stays as it ended: what a process says of it that did not notice is of no account. Only what
    the end left open, such as the gate's decision on the version, may be added.
    """
    ended = held.status in ENDED
    if ended and status != held.status:
        return False
    new = {name: value for name, value in values.items() if value is not None and getattr(held, name) != value}
    if status == held.status and not new:
        return False
    moments: dict[str, Any] = {}
    if status not in {"queued", *ENDED} and held.started_at is None:
        moments["started_at"] = func.now()
    if status in ENDED and not ended:
        moments["completed_at"] = func.now()
    tx.execute(_of(training_runs, held.id).values(status=status, **new, **moments))
    tell(tx, held.id, "run", {"status": status} | new)
    return True


def _of(table: Table, key: UUID) -> Any:
    return update(table).where(table.c.id == key)
