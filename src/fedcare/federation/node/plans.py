"""Plans as the institution keeps them, and what was decided about each."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from fedcare.db.tables import medical_workers, plan_approvals, standing_rules, training_plans
from fedcare.errors import UnknownPlan


def keep(tx: Connection, plan_hash: str, canonical: str) -> bool:
    """Store a plan, so that an administrator can look at it; whether it was new.

    The text decides what it says: the database refuses a hash that is not the text's own.
    """
    plan = json.loads(canonical)
    row = {"hash": plan_hash, "task": str(plan["task_name"])[:100], "plan": plan, "canonical": canonical}
    adding = insert(training_plans).values(row).on_conflict_do_nothing(index_elements=["hash"])
    return tx.execute(adding).rowcount > 0


def decision(tx: Connection, plan_hash: str) -> Row[Any] | None:
    """What this institution decided, with the email of the worker who did."""
    query = (
        select(plan_approvals, medical_workers.c.email)
        .select_from(plan_approvals)
        .outerjoin(medical_workers, medical_workers.c.id == plan_approvals.c.decided_by)
        .where(plan_approvals.c.plan_hash == plan_hash)
    )
    return tx.execute(query).one_or_none()


def decide(
    tx: Connection,
    institution_id: int,
    plan_hash: str,
    approved: bool,
    how: str,
    reason: str | None = None,
    worker: UUID | None = None,
) -> None:
    """Set what this institution decided; the last word counts."""
    values = {"approved": approved, "reason": reason, "decided_by": worker, "decided_how": how}
    row = values | {"institution_id": institution_id, "plan_hash": plan_hash}
    changed = values | {"decided_at": func.now()}
    adding = insert(plan_approvals).values(row)
    tx.execute(adding.on_conflict_do_update(index_elements=["tenant", "plan_hash"], set_=changed))


def private_tasks(tx: Connection) -> set[str]:
    """Tasks of which this institution answers private plans: it approved one, or a standing rule of its own would."""
    enabled = training_plans.c.plan["privacy"]["dp"]["enabled"].astext == "true"
    approved = (
        select(training_plans.c.task)
        .join(plan_approvals, plan_approvals.c.plan_hash == training_plans.c.hash)
        .where(plan_approvals.c.approved, enabled)
    )
    ruled = select(standing_rules.c.task).where(standing_rules.c.is_enabled, standing_rules.c.max_epsilon.is_not(None))
    return set(tx.execute(approved.union(ruled)).scalars())


def named(tx: Connection, beginning: str) -> Row[Any]:
    """The one plan whose hash begins so; raises UnknownPlan where there is none or there are several."""
    query = select(training_plans).where(training_plans.c.hash.startswith(beginning.lower(), autoescape=True)).limit(2)
    found = tx.execute(query).all()
    if len(found) != 1:
        raise UnknownPlan(plan=beginning)
    return found[0]


def listed(tx: Connection, most: int) -> list[dict[str, Any]]:
    """The newest plans and what this institution decided about each."""
    query = (
        select(training_plans, plan_approvals.c.approved, plan_approvals.c.decided_how, plan_approvals.c.reason)
        .outerjoin(plan_approvals, plan_approvals.c.plan_hash == training_plans.c.hash)
        .order_by(training_plans.c.created_at.desc(), training_plans.c.hash)
        .limit(most)
    )
    return [_described(row) for row in tx.execute(query)]


def _described(row: Row[Any]) -> dict[str, Any]:
    decided = {None: "open", True: "approved", False: "refused"}[row.approved]
    return {
        "hash": row.hash,
        "task": row.task,
        "rounds": row.plan.get("rounds", {}).get("rounds"),
        "strategy": row.plan.get("strategy", {}).get("name"),
        "status": decided,
        "decided_how": row.decided_how,
        "reason": row.reason,
        "created_at": row.created_at.isoformat(),
    }
