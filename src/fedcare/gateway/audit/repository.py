"""Reading an institution's audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, select

from fedcare.db.tables import audit_heads, audit_log, medical_workers

_LOG: Select[Any] = select(
    audit_log.c.seq,
    audit_log.c.at,
    audit_log.c.actor,
    medical_workers.c.name.label("actor_name"),
    audit_log.c.action,
    audit_log.c.subject_type,
    audit_log.c.subject_id,
    audit_log.c.outcome,
    audit_log.c.source,
    audit_log.c.request_id,
).outerjoin(
    medical_workers, (medical_workers.c.tenant == audit_log.c.tenant) & (medical_workers.c.id == audit_log.c.actor)
)


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for; what is None is not filtered by. ``since`` is included, ``until`` is not."""

    actor: UUID | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def newest(tx: Connection, wanted: Filter, before: int | None, count: int) -> Sequence[Row[Any]]:
    """Rows of the transaction's institution, newest first."""
    query = _LOG.order_by(audit_log.c.seq.desc()).limit(count)
    for name in ("actor", "action", "subject_type", "subject_id", "outcome"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(audit_log.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_log.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit_log.c.at < wanted.until)
    if before is not None:
        query = query.where(audit_log.c.seq < before)
    return tx.execute(query).all()


def length(tx: Connection) -> int:
    """How many rows the transaction's chain should have."""
    return tx.execute(select(audit_heads.c.seq)).scalar_one_or_none() or 0
