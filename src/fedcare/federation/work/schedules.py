"""Runs that start by themselves: at given times, or once enough new records have come, within a budget of runs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from croniter import croniter
from sqlalchemy import Connection, Row, exists, func, select, update

from fedcare.db.database import Database
from fedcare.db.runs import Cause, request_run
from fedcare.db.tables import clients, training_plans, training_runs, training_schedules
from fedcare.federation.work.claims import EVERYBODY
from fedcare.plan import TrainingPlan
from fedcare.trust.bulletin import publish_plan

log = logging.getLogger(__name__)


class Schedules:
    """Looks at every schedule; raises DatabaseUnavailable.

    A schedule whose last run has not ended waits: runs of the same plan do not pile up. Times are UTC.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self._database, self._home = database, home

    def start_due(self, now: datetime | None = None) -> int:
        """Queue a run for each schedule that is due; how many."""
        now = now or datetime.now(UTC)
        with self._database.transaction(EVERYBODY) as tx:
            return sum([self._look(tx, row, now) for row in tx.execute(_ready()).all()])

    def _look(self, tx: Connection, row: Row[Any], now: datetime) -> bool:
        plan = TrainingPlan.model_validate_json(row.canonical)
        records = _records(tx, plan.task_name)
        if row.new_records is not None and row.last_records is None:
            # A new schedule counts from what was there when it was made.
            _remember(tx, row.id, last_records=records)
            return False
        cause = _cause(row, now, records)
        if cause is None:
            return False
        run_id = request_run(tx, plan, cause, requested_by=row.created_by, schedule_id=row.id)
        left = None if row.runs_left is None else row.runs_left - 1
        _remember(tx, row.id, last_started_at=now, last_records=records, runs_left=left)
        publish_plan(self._home / "consortium", plan.hash, row.canonical)
        log.info("schedule %s starts run %s (%s)", row.id, run_id, cause)
        return True


def _ready() -> Any:
    """Enabled schedules with runs left and none under way; another worker's look at them is not waited for."""
    schedule, runs = training_schedules.c, training_runs.c
    under_way = exists().where(runs.schedule_id == schedule.id, runs.completed_at.is_(None))
    query = select(training_schedules, training_plans.c.canonical).join(
        training_plans, training_plans.c.hash == schedule.plan_hash
    )
    query = query.where(schedule.is_enabled, func.coalesce(schedule.runs_left, 1) > 0, ~under_way)
    return query.with_for_update(of=training_schedules, skip_locked=True)


def _cause(row: Row[Any], now: datetime, records: int) -> Cause | None:
    if row.new_records is not None:
        return "new records" if records - row.last_records >= row.new_records else None
    last: datetime = row.last_started_at or row.created_at
    due: datetime = croniter(row.cron, now).get_prev(datetime)
    return "cron" if due > last else None


def _records(tx: Connection, task: str) -> int:
    """Usable records of all institutions for a task, as their nodes last counted them."""
    return int(
        tx.execute(select(func.coalesce(func.sum(clients.c.records), 0)).where(clients.c.task == task)).scalar_one()
    )


def _remember(tx: Connection, schedule_id: int, **values: Any) -> None:
    tx.execute(update(training_schedules).where(training_schedules.c.id == schedule_id).values(**values))
