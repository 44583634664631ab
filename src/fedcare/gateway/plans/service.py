"""Proposing plans and deciding on them: the consortium proposes, each institution answers for itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from fedcare.db import audit
from fedcare.db.database import Database
from fedcare.db.runs import keep_plan
from fedcare.errors import NotFound
from fedcare.gateway.caller import Caller
from fedcare.gateway.plans import repository
from fedcare.gateway.plans.recipe import Recipe, publish
from fedcare.gateway.plans.schemas import Decision, Plan, PlanDetails, RuleFields
from fedcare.gateway.services import Services

WHAT = "plan"


def propose(services: Services, caller: Caller, recipe: Recipe) -> PlanDetails:
    """Keep a plan and put it where the nodes find it; proposed again it is the same plan."""
    plan = recipe.plan()
    publish(services.config.home, plan)
    with services.database.transaction(caller.scope) as tx:
        is_new = keep_plan(tx, plan, caller.worker_id)
        found = details(tx, plan.hash)
        if is_new:
            audit.record(tx, caller.origin, "plans.propose", WHAT, plan.hash)
        return found


def details(tx: Connection, plan_hash: str) -> PlanDetails:
    """A plan with everything; raises NotFound."""
    row = repository.one(tx, plan_hash)
    if row is None:
        raise NotFound(what=WHAT)
    short = in_short(row, repository.decisions(tx, [plan_hash])[plan_hash])
    return PlanDetails(**dict(short), plan=row.plan, canonical=row.canonical)


def in_short(row: Row[Any], decisions: list[Row[Any]]) -> Plan:
    """A plan's row for a listing."""
    return Plan(
        hash=row.hash,
        task=row.task,
        rounds=row.plan["rounds"]["rounds"],
        strategy=row.plan["strategy"]["name"],
        seed=row.plan["seed"],
        proposed_by=row.proposed_by,
        created_at=row.created_at,
        decisions=[Decision.model_validate(dict(each._mapping)) for each in decisions],
    )


def decide(database: Database, caller: Caller, plan_hash: str, approved: bool, reason: str | None) -> PlanDetails:
    """Approve or refuse a plan for one's institution, whatever was said before; raises NotFound."""
    with database.transaction(caller.scope) as tx:
        if repository.one(tx, plan_hash) is None:
            raise NotFound(what=WHAT)
        values = {"institution_id": caller.institution_id, "plan_hash": plan_hash, "approved": approved}
        repository.decide(tx, values | {"reason": reason, "decided_by": caller.worker_id})
        found = details(tx, plan_hash)
        audit.record(tx, caller.origin, "plans.approve" if approved else "plans.refuse", WHAT, plan_hash)
        return found


def set_rule(database: Database, caller: Caller, task: str, fields: RuleFields) -> Row[Any]:
    """Keep a standing rule in place of the task's earlier one."""
    with database.transaction(caller.scope) as tx:
        values = {"institution_id": caller.institution_id, "task": task, "created_by": caller.worker_id}
        row = repository.set_rule(tx, values | fields.model_dump())
        audit.record(tx, caller.origin, "rules.set", "standing_rule", task)
        return row


def remove_rule(database: Database, caller: Caller, task: str) -> None:
    """Ask somebody from now on; raises NotFound."""
    with database.transaction(caller.scope) as tx:
        if not repository.remove_rule(tx, task):
            raise NotFound(what="standing rule")
        audit.record(tx, caller.origin, "rules.remove", "standing_rule", task)
