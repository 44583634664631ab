"""Plans, decisions, rules and egress in the database; row-level security says whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from fedcare.db.tables import egress_log, institutions, plan_approvals, standing_rules, training_plans

_DECISIONS: Select[Any] = select(
    plan_approvals.c.plan_hash,
    plan_approvals.c.institution_id,
    institutions.c.name.label("institution"),
    plan_approvals.c.approved,
    plan_approvals.c.reason,
    plan_approvals.c.decided_how,
    plan_approvals.c.decided_at,
).join_from(plan_approvals, institutions, institutions.c.id == plan_approvals.c.institution_id)


def page(tx: Connection, task: str | None, before: tuple[datetime, str] | None, count: int) -> Sequence[Row[Any]]:
    """Plans, the newest first."""
    made, name = training_plans.c.created_at, training_plans.c.hash
    query = select(training_plans).order_by(made.desc(), name.desc()).limit(count)
    if task is not None:
        query = query.where(training_plans.c.task == task)
    if before is not None:
        query = query.where(tuple_(made, name) < before)
    return tx.execute(query).all()


def one(tx: Connection, plan_hash: str) -> Row[Any] | None:
    """A plan by its hash."""
    return tx.execute(select(training_plans).where(training_plans.c.hash == plan_hash)).one_or_none()


def decisions(tx: Connection, hashes: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """What the transaction may see of the institutions' decisions, by plan."""
    found: dict[str, list[Row[Any]]] = {plan_hash: [] for plan_hash in hashes}
    query = _DECISIONS.where(plan_approvals.c.plan_hash.in_(hashes)).order_by(plan_approvals.c.institution_id)
    for row in tx.execute(query).all():
        found[row.plan_hash].append(row)
    return found


def decide(tx: Connection, values: Mapping[str, Any]) -> None:
    """Keep an institution's decision in place of its earlier one."""
    adding = insert(plan_approvals).values(**values, decided_how="worker")
    changed = {name: adding.excluded[name] for name in ("approved", "reason", "decided_by", "decided_how")}
    key = [plan_approvals.c.tenant, plan_approvals.c.plan_hash]
    tx.execute(adding.on_conflict_do_update(index_elements=key, set_=changed | {"decided_at": func.now()}))


def rules(tx: Connection) -> Sequence[Row[Any]]:
    """The institution's standing rules, by task."""
    return tx.execute(select(standing_rules).order_by(standing_rules.c.task)).all()


def set_rule(tx: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Keep a rule in place of the task's earlier one."""
    adding = insert(standing_rules).values(**values)
    changed = {name: adding.excluded[name] for name in values if name not in {"institution_id", "task"}}
    key = [standing_rules.c.tenant, standing_rules.c.task]
    upsert = adding.on_conflict_do_update(index_elements=key, set_=changed | {"created_at": func.now()})
    return tx.execute(upsert.returning(standing_rules)).one()


def remove_rule(tx: Connection, task: str) -> bool:
    """Whether there was a rule to remove."""
    return tx.execute(delete(standing_rules).where(standing_rules.c.task == task)).rowcount > 0


def egress(tx: Connection, run: str | None, before: tuple[datetime, UUID] | None, count: int) -> Sequence[Row[Any]]:
    """What left the institution, the newest first."""
    at, key = egress_log.c.at, egress_log.c.id
    query = select(egress_log).order_by(at.desc(), key.desc()).limit(count)
    if run is not None:
        query = query.where(egress_log.c.run == run)
    if before is not None:
        query = query.where(tuple_(at, key) < before)
    return tx.execute(query).all()
