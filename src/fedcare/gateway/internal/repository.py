"""Writing what is reported, so that the same report twice changes nothing and is told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from fedcare.db.tables import clients, institutions, model_versions, round_metrics, run_events, training_rounds

ENDED_ROUND = ("completed", "failed")


def ids_of(tx: Connection, names: Iterable[str]) -> dict[str, int]:
    """The institutions of these names; what nobody is called is left out."""
    query = select(institutions.c.name, institutions.c.id).where(institutions.c.name.in_(list(names)))
    return {row.name: row.id for row in tx.execute(query)}


def put_round(tx: Connection, values: Mapping[str, Any]) -> bool:
    """Keep a round as it stands; whether anything changed."""
    moment = {"completed_at": func.now()} if values["status"] in ENDED_ROUND else {}
    return _put(tx, training_rounds, ("run_id", "round_number"), values, moment)


def put_figures(tx: Connection, values: Mapping[str, Any]) -> bool:
    """Keep an institution's part in a round, in a transaction of that institution; whether anything changed."""
    return _put(tx, round_metrics, ("tenant", "run_id", "round_number"), values)


def put_node(tx: Connection, seen: Mapping[str, Any], records: Mapping[str, int]) -> None:
    """Keep what an institution's node counts, in a transaction of that institution, which has one node."""
    other = or_(clients.c.node_id != seen["node_id"], clients.c.task.not_in(list(records)))
    tx.execute(delete(clients).where(other))
    for task, count in records.items():
        adding = insert(clients).values(**seen, task=task, records=count)
        changed = {name: adding.excluded[name] for name in ("records", "software", "certificate_expires_at")}
        key = [clients.c.tenant, clients.c.node_id, clients.c.task]
        tx.execute(adding.on_conflict_do_update(index_elements=key, set_=changed | {"last_seen_at": func.now()}))


def last_said(tx: Connection, run_id: UUID, kind: str) -> Any | None:
    """The data of a run's newest event of a kind."""
    query = select(run_events.c.data).where(and_(run_events.c.run_id == run_id, run_events.c.kind == kind))
    return tx.execute(query.order_by(run_events.c.id.desc()).limit(1)).scalar_one_or_none()


def vouch(tx: Connection, version_id: int, signature: str | None, decision: Mapping[str, Any]) -> None:
    """Keep the coordinator's signature over a version, and the gate's decision on it."""
    values = {"signature": signature, "decision": dict(decision)}
    tx.execute(update(model_versions).where(model_versions.c.id == version_id).values(**values))


def _put(
    tx: Connection,
    table: Table,
    key: tuple[str, ...],
    values: Mapping[str, Any],
    moment: Mapping[str, Any] | None = None,
) -> bool:
    adding = insert(table).values(**values, **(moment or {}))
    new = {name: adding.excluded[name] for name in values if name not in {*key, "institution_id"}}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in new.items()))
    upsert = adding.on_conflict_do_update(
        index_elements=[table.c[name] for name in key], set_=new | dict(moment or {}), where=differs
    )
    return tx.execute(upsert.returning(table.c.run_id)).first() is not None
