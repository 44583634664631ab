"""Keeping schedules: the consortium's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row

from fedcare.db import audit
from fedcare.db.database import Database
from fedcare.errors import NotFound
from fedcare.gateway.caller import Caller
from fedcare.gateway.plans.recipe import kept_plan
from fedcare.gateway.schedules import repository
from fedcare.gateway.schedules.schemas import NewSchedule, Schedule, Trigger, next_time
from fedcare.gateway.services import Services
from fedcare.gateway.training.repository import records_of

WHAT = "schedule"


def add(services: Services, caller: Caller, asked: NewSchedule) -> Schedule:
    """Keep a schedule; it counts new records from now on."""
    recipe = asked.recipe()
    planned = recipe.plan() if recipe else None
    with services.database.transaction(caller.scope) as tx:
        plan = kept_plan(tx, services.config.home, asked, planned, caller.worker_id)
        values = {
            "plan_hash": plan.hash,
            "created_by": caller.worker_id,
            "last_records": records_of(tx, plan.task_name),
        }
        schedule_id = repository.add(tx, values | asked.trigger().model_dump())
        found = known(tx, schedule_id)
        audit.record(tx, caller.origin, "schedules.create", WHAT, schedule_id)
        return found


def change(database: Database, caller: Caller, schedule_id: int, trigger: Trigger) -> Schedule:
    """Replace when it starts runs, and how many it may start; raises NotFound."""
    with database.transaction(caller.scope) as tx:
        if not repository.change(tx, schedule_id, trigger.model_dump()):
            raise NotFound(what=WHAT)
        found = known(tx, schedule_id)
        audit.record(tx, caller.origin, "schedules.update", WHAT, schedule_id)
        return found


def remove(database: Database, caller: Caller, schedule_id: int) -> None:
    """Start no more runs by it; raises NotFound."""
    with database.transaction(caller.scope) as tx:
        if not repository.remove(tx, schedule_id):
            raise NotFound(what=WHAT)
        audit.record(tx, caller.origin, "schedules.delete", WHAT, schedule_id)


def known(tx: Connection, schedule_id: int) -> Schedule:
    """A schedule by its id; raises NotFound."""
    row = repository.one(tx, schedule_id)
    if row is None:
        raise NotFound(what=WHAT)
    return schedule_of(row)


def schedule_of(row: Row[Any]) -> Schedule:
    """A schedule's row as it is told."""
    values = {name: value for name, value in row._mapping.items() if name in Schedule.model_fields}
    return Schedule(**values, next_at=_next(row))


def _next(row: Row[Any]) -> datetime | None:
    if row.cron is None or not row.is_enabled or row.runs_left == 0:
        return None
    return next_time(row.cron, datetime.now(UTC))
