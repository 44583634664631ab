"""Schedules in the database: the consortium's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from fedcare.db.tables import training_plans, training_schedules

_SCHEDULES = select(training_schedules, training_plans.c.task).join_from(training_schedules, training_plans)
MOST = 1000


def every(tx: Connection) -> Sequence[Row[Any]]:
    """The schedules, the oldest first."""
    return tx.execute(_SCHEDULES.order_by(training_schedules.c.id).limit(MOST)).all()


def one(tx: Connection, schedule_id: int) -> Row[Any] | None:
    """A schedule by its id."""
    return tx.execute(_SCHEDULES.where(training_schedules.c.id == schedule_id)).one_or_none()


def add(tx: Connection, values: Mapping[str, Any]) -> int:
    """A new one; its id."""
    adding = insert(training_schedules).values(**values).returning(training_schedules.c.id)
    return int(tx.execute(adding).scalar_one())


def change(tx: Connection, schedule_id: int, values: Mapping[str, Any]) -> bool:
    """Whether there was one to change."""
    changing = update(training_schedules).where(training_schedules.c.id == schedule_id).values(**values)
    return tx.execute(changing).rowcount > 0


def remove(tx: Connection, schedule_id: int) -> bool:
    """Whether there was one to remove; its runs stay."""
    return tx.execute(delete(training_schedules).where(training_schedules.c.id == schedule_id)).rowcount > 0
