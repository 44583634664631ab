"""Rows of versions and of shared traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, text, update

from fedcare.db.tables import institutions, model_traffic, model_versions
from fedcare.gateway.events import tell

CHANNEL = "fedcare_models"
"""News that a task's versions, or the institutions, are no longer what they were."""

_V = model_versions.c
_KEPT = (_V.id, _V.version, _V.task, _V.hash, _V.is_active, _V.activated_at, _V.signature)
_ANSWERING = (
    select(*_KEPT)
    .where(or_(_V.is_active, _V.activated_at.is_not(None)))
    .order_by(_V.task, _V.is_active.desc(), _V.activated_at.desc(), _V.id.desc())
)
_SHARING = select(*_KEPT, model_traffic.c.fraction, model_traffic.c.started_at).join_from(
    model_traffic, model_versions, model_traffic.c.challenger_id == _V.id
)
_LOCK = text("select pg_advisory_xact_lock(hashtext('fedcare_models'), hashtext(:task))")


@dataclass(frozen=True)
class Rows:
    """What decides who answers: by task the versions that ever were active, the active one first; and the sharing."""

    answering: Mapping[str, Sequence[Any]]
    sharing: Mapping[str, Any]
    tasks: frozenset[str]
    institutions: Mapping[int, str]


def everything(tx: Connection) -> Rows:
    """All that a gateway keeps in mind of versions."""
    answering: dict[str, list[Any]] = {}
    for row in tx.execute(_ANSWERING):
        answering.setdefault(row.task, []).append(row)
    sharing = {row.task: row for row in tx.execute(_SHARING)}
    tasks = frozenset(tx.execute(select(_V.task).distinct()).scalars())
    named = tx.execute(select(institutions.c.id, institutions.c.name))
    return Rows(answering, sharing, tasks, {row.id: row.name for row in named})


def page(tx: Connection, task: str | None, before: int | None, limit: int) -> Sequence[Any]:
    """Versions from the newest import down; ``before`` is the last id of the page before."""
    query = select(model_versions).order_by(_V.id.desc()).limit(limit)
    if task is not None:
        query = query.where(_V.task == task)
    if before is not None:
        query = query.where(_V.id < before)
    return tx.execute(query).all()


def one(tx: Connection, version_id: int) -> Any | None:
    """A version by its id."""
    return tx.execute(select(model_versions).where(_V.id == version_id)).one_or_none()


def named(tx: Connection, version: str) -> Any | None:
    """A version by its name."""
    return tx.execute(select(model_versions).where(_V.version == version)).one_or_none()


def active(tx: Connection, task: str) -> Any | None:
    """The task's active version."""
    return tx.execute(select(model_versions).where(_V.task == task, _V.is_active)).one_or_none()


def active_before(tx: Connection, row: Any) -> Any | None:
    """The version that was active before this one and was not rolled back since."""
    earlier = select(model_versions).where(_V.task == row.task, _V.id != row.id, _V.activated_at < row.activated_at)
    return tx.execute(earlier.order_by(_V.activated_at.desc(), _V.id.desc()).limit(1)).one_or_none()


def add(tx: Connection, values: Mapping[str, Any]) -> int:
    """Insert a version; its id."""
    return int(tx.execute(insert(model_versions).values(**values).returning(_V.id)).scalar_one())


def set_hash(tx: Connection, version_id: int, digest: str) -> None:
    """The artifact was replaced by another copy of the same version."""
    tx.execute(update(model_versions).where(_V.id == version_id).values(hash=digest))


def lock(tx: Connection, task: str) -> None:
    """Make changes of a task's versions wait for one another, until the transaction ends."""
    tx.execute(_LOCK, {"task": task})


def activate(tx: Connection, task: str, version_id: int) -> None:
    """Make a version the active one, as of now; sharing of the task's traffic ends. The task must be locked."""
    _hand_over(tx, task, version_id, {"is_active": True, "activated_at": func.clock_timestamp()})


def go_back(tx: Connection, current: Any, earlier: Any) -> None:
    """Make an earlier version active again; the current one counts as never active, so the next step goes further."""
    _hand_over(tx, current.task, earlier.id, {"is_active": True})
    tx.execute(update(model_versions).where(_V.id == current.id).values(activated_at=None))


def _hand_over(tx: Connection, task: str, version_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(update(model_versions).where(_V.task == task, _V.is_active).values(is_active=False))
    tx.execute(update(model_versions).where(_V.id == version_id).values(**values))
    stop_sharing(tx, task)
    tell(tx, CHANNEL, task)


def announce(tx: Connection, task: str) -> None:
    """Let every gateway look again, when the transaction commits."""
    tell(tx, CHANNEL, task)


def sharing(tx: Connection, task: str) -> Any | None:
    """The challenger of a task, its fraction, and since when."""
    return tx.execute(_SHARING.where(model_traffic.c.task == task)).one_or_none()


def share(tx: Connection, task: str, challenger_id: int, fraction: float) -> datetime:
    """Share the task's traffic; when it began: a changed fraction of the same challenger goes on counting."""
    running = sharing(tx, task)
    tx.execute(delete(model_traffic).where(model_traffic.c.task == task))
    values: dict[str, Any] = {"task": task, "challenger_id": challenger_id, "fraction": fraction}
    if running is not None and running.id == challenger_id:
        values["started_at"] = running.started_at
    started: datetime = tx.execute(
        insert(model_traffic).values(**values).returning(model_traffic.c.started_at)
    ).scalar_one()
    tell(tx, CHANNEL, task)
    return started


def stop_sharing(tx: Connection, task: str) -> bool:
    """The active version answers everybody again; whether there was something to stop."""
    stopped = tx.execute(delete(model_traffic).where(model_traffic.c.task == task)).rowcount
    tell(tx, CHANNEL, task)
    return stopped > 0
