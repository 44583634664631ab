"""Institutions and workers in the database; row-level security says whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select, update

from fedcare.db.tables import institutions, medical_workers

_WORKER = [
    medical_workers.c.id,
    medical_workers.c.institution_id,
    medical_workers.c.email,
    medical_workers.c.name,
    medical_workers.c.role,
    medical_workers.c.is_active,
    medical_workers.c.created_at,
    medical_workers.c.password_hash.is_not(None).label("has_password"),
]


def list_institutions(tx: Connection, after: int, count: int | None) -> Sequence[Row[Any]]:
    """The next ones by id."""
    query = select(institutions).where(institutions.c.id > after).order_by(institutions.c.id)
    return tx.execute(query.limit(count)).all()


def institution_exists(tx: Connection, institution_id: int) -> bool:
    """Whether there is one of that id."""
    return tx.execute(select(institutions.c.id).where(institutions.c.id == institution_id)).first() is not None


def add_institution(tx: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new one."""
    return tx.execute(insert(institutions).values(**values).returning(institutions)).one()


def change_institution(tx: Connection, institution_id: int, values: Mapping[str, Any]) -> Row[Any] | None:
    """One with other values; None where there is none that may be changed here."""
    changing = update(institutions).where(institutions.c.id == institution_id).values(**values)
    return tx.execute(changing.returning(institutions)).one_or_none()


def remove_institution(tx: Connection, institution_id: int) -> bool:
    """Whether there was one to remove."""
    return tx.execute(delete(institutions).where(institutions.c.id == institution_id)).rowcount == 1


def list_workers(tx: Connection, after: UUID, count: int | None, role: str | None) -> Sequence[Row[Any]]:
    """The next ones of the transaction's institution, in the order in which they were added."""
    query = select(*_WORKER).where(medical_workers.c.id > after).order_by(medical_workers.c.id)
    if role is not None:
        query = query.where(medical_workers.c.role == role)
    return tx.execute(query.limit(count)).all()


def named_institution(tx: Connection, name_or_id: str) -> Row[Any] | None:
    """The institution of that name; failing that, of that id."""
    found = tx.execute(select(institutions).where(institutions.c.name == name_or_id)).one_or_none()
    if found is None and name_or_id.isascii() and name_or_id.isdigit() and len(name_or_id) < 10:
        found = tx.execute(select(institutions).where(institutions.c.id == int(name_or_id))).one_or_none()
    return found


def find_worker(tx: Connection, worker_id: UUID) -> Row[Any] | None:
    """A worker of the transaction's institution, held until its end."""
    return tx.execute(select(*_WORKER).where(medical_workers.c.id == worker_id).with_for_update()).one_or_none()


def add_worker(tx: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new one, without a password."""
    return tx.execute(insert(medical_workers).values(**values).returning(*_WORKER)).one()


def change_worker(tx: Connection, worker_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """A worker with other values."""
    changing = update(medical_workers).where(medical_workers.c.id == worker_id).values(**values)
    return tx.execute(changing.returning(*_WORKER)).one()


def remove_worker(tx: Connection, worker_id: UUID) -> None:
    """Remove an account; what the worker did stays."""
    tx.execute(delete(medical_workers).where(medical_workers.c.id == worker_id))
