"""Runs, rounds and nodes in the database. Row-level security says whose own figures are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, case, func, select, tuple_

from fedcare.db.runs import ENDED
from fedcare.db.tables import clients, institutions, round_metrics, run_events, training_rounds, training_runs

ONLINE_SECONDS = 30
_RUNS, _ROUNDS, _OWN = training_runs.c, training_rounds.c, round_metrics.c
_CLIENTS = (
    select(
        clients.c.institution_id,
        institutions.c.name.label("institution"),
        clients.c.node_id,
        func.jsonb_object_agg(clients.c.task, clients.c.records).label("records"),
        func.max(clients.c.software).label("software"),
        func.max(clients.c.certificate_expires_at).label("certificate_expires_at"),
        func.max(clients.c.last_seen_at).label("last_seen_at"),
        (func.max(clients.c.last_seen_at) > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, ONLINE_SECONDS)).label(
            "is_online"
        ),
    )
    .join_from(clients, institutions, institutions.c.id == clients.c.institution_id)
    .group_by(clients.c.institution_id, institutions.c.name, clients.c.node_id)
    .order_by(clients.c.institution_id, clients.c.node_id)
)


def page(tx: Connection, task: str | None, status: str | None, before: UUID | None, count: int) -> Sequence[Row[Any]]:
    """Runs, the newest first."""
    query = select(training_runs).order_by(_RUNS.id.desc()).limit(count)
    for column, value in ((_RUNS.task, task), (_RUNS.status, status)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(_RUNS.id < before)
    return tx.execute(query).all()


def one(tx: Connection, run_id: UUID) -> Row[Any] | None:
    """A run by its id."""
    return tx.execute(select(training_runs).where(_RUNS.id == run_id)).one_or_none()


def current(tx: Connection) -> Row[Any] | None:
    """The run that is worked on; else the newest."""
    waiting = case((_RUNS.status.in_(ENDED), 2), (_RUNS.status == "queued", 1), else_=0)
    return tx.execute(select(training_runs).order_by(waiting, _RUNS.id.desc()).limit(1)).one_or_none()


def rounds_of(tx: Connection, run_id: UUID, count: int) -> Sequence[Row[Any]]:
    """A run's last rounds, in their order."""
    query = select(training_rounds).where(_ROUNDS.run_id == run_id).order_by(_ROUNDS.round_number.desc()).limit(count)
    return tx.execute(query).all()[::-1]


def finished(tx: Connection, task: str | None, run_id: UUID | None, limit: int, offset: int) -> Sequence[Row[Any]]:
    """Rounds that were completed, the newest first."""
    query = _finished(select(training_rounds), task, run_id)
    newest = query.order_by(_ROUNDS.completed_at.desc(), _ROUNDS.run_id.desc(), _ROUNDS.round_number.desc())
    return tx.execute(newest.limit(limit).offset(offset)).all()


def count_finished(tx: Connection, task: str | None, run_id: UUID | None) -> int:
    """How many there are."""
    return int(tx.execute(_finished(select(func.count()).select_from(training_rounds), task, run_id)).scalar_one())


def figures(tx: Connection, rounds: Sequence[Row[Any]]) -> dict[tuple[UUID, int], list[Row[Any]]]:
    """What the transaction may see of the institutions' own figures, by run and round."""
    found: dict[tuple[UUID, int], list[Row[Any]]] = {(row.run_id, row.round_number): [] for row in rounds}
    if not found:
        return found
    query = (
        select(round_metrics, institutions.c.name.label("institution"))
        .join_from(round_metrics, institutions, institutions.c.id == _OWN.institution_id)
        .where(tuple_(_OWN.run_id, _OWN.round_number).in_(list(found)))
        .order_by(_OWN.institution_id)
    )
    for row in tx.execute(query):
        found[row.run_id, row.round_number].append(row)
    return found


def events(tx: Connection, run_id: UUID, after: int, count: int) -> Sequence[Row[Any]]:
    """What happened in a run after an event."""
    query = select(run_events).where(run_events.c.run_id == run_id, run_events.c.id > after)
    return tx.execute(query.order_by(run_events.c.id).limit(count)).all()


def nodes(tx: Connection) -> Sequence[Row[Any]]:
    """The nodes that the transaction may see."""
    return tx.execute(_CLIENTS).all()


def records_of(tx: Connection, task: str) -> int:
    """How many usable records of a task the institutions reported, all together."""
    query = select(func.coalesce(func.sum(clients.c.records), 0)).where(clients.c.task == task)
    return int(tx.execute(query).scalar_one())


def _finished(query: Select[Any], task: str | None, run_id: UUID | None) -> Select[Any]:
    query = query.where(_ROUNDS.status == "completed")
    if run_id is not None:
        query = query.where(_ROUNDS.run_id == run_id)
    if task is not None:
        query = query.join(training_runs, and_(_RUNS.id == _ROUNDS.run_id, _RUNS.task == task))
    return query
