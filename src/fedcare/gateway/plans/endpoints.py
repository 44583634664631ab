"""Plans, an institution's decisions and standing rules, and its egress log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from sqlalchemy import Row

from fedcare.errors import (
    BadSetting,
    InvalidRequest,
    NotFound,
    StorageFull,
    UnknownSetting,
    UnknownStrategy,
    UnknownTask,
)
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.models.schemas import TaskName
from fedcare.gateway.plans import repository, service
from fedcare.gateway.plans.recipe import PlanHash, Recipe
from fedcare.gateway.plans.schemas import (
    Departure,
    EgressPage,
    PlanDetails,
    PlanPage,
    Rule,
    RuleFields,
    Rules,
    RunName,
    Verdict,
)
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.types import Cursor, PageSize, from_cursor, to_cursor

router = APIRouter(tags=["plans"], route_class=StrictRoute)

PLANNING = (UnknownTask, UnknownStrategy, UnknownSetting, BadSetting, StorageFull)
"""What making a plan may raise."""
Said = Annotated[Verdict, Body()]


@router.get("/plans", operation_id="listPlans", responses=answers())
def list_plans(
    caller: CurrentCaller,
    services: CurrentServices,
    task: TaskName | None = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> PlanPage:
    """Plans that were proposed, the newest first, with one's institution's decision; for the consortium all."""
    before = moment_and(cursor, str) if cursor else None
    with services.database.transaction(caller.scope) as tx:
        rows = repository.page(tx, task, before, limit + 1)
        decisions = repository.decisions(tx, [row.hash for row in rows[:limit]])
    items = [service.in_short(row, decisions[row.hash]) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return PlanPage(items=items, next=to_cursor([last.created_at.isoformat(), last.hash]) if last else None)


@router.post("/plans", operation_id="proposePlan", status_code=201, responses=answers(*PLANNING))
def propose_plan(body: Recipe, caller: CurrentCaller, services: CurrentServices) -> PlanDetails:
    """Propose a plan to the institutions; proposed again it is the same one."""
    return service.propose(services, caller, body)


@router.get("/plans/rules", operation_id="listRules", responses=answers())
def list_rules(caller: CurrentCaller, services: CurrentServices) -> Rules:
    """One's institution's standing rules."""
    with services.database.transaction(caller.scope) as tx:
        return Rules(items=[_rule(row) for row in repository.rules(tx)])


@router.put("/plans/rules/{task}", operation_id="setRule", responses=answers())
def set_rule(task: TaskName, body: RuleFields, caller: CurrentCaller, services: CurrentServices) -> Rule:
    """Let the institution's node take up plans of a task by itself, within limits."""
    return _rule(service.set_rule(services.database, caller, task, body))


@router.delete("/plans/rules/{task}", operation_id="deleteRule", status_code=204, responses=answers())
def delete_rule(task: TaskName, caller: CurrentCaller, services: CurrentServices) -> None:
    """Decide on each plan of a task again; what a rule approved before stays approved."""
    service.remove_rule(services.database, caller, task)


@router.get("/plans/{plan_hash}", operation_id="getPlan", responses=answers(NotFound))
def get_plan(plan_hash: PlanHash, caller: CurrentCaller, services: CurrentServices) -> PlanDetails:
    """All that a plan says."""
    with services.database.transaction(caller.scope) as tx:
        return service.details(tx, plan_hash)


@router.post("/plans/{plan_hash}/approve", operation_id="approvePlan", responses=answers(NotFound))
def approve_plan(
    plan_hash: PlanHash, caller: CurrentCaller, services: CurrentServices, body: Said | None = None
) -> PlanDetails:
    """Let one's institution's node work on a plan."""
    return service.decide(services.database, caller, plan_hash, True, body.reason if body else None)


@router.post("/plans/{plan_hash}/refuse", operation_id="refusePlan", responses=answers(NotFound))
def refuse_plan(
    plan_hash: PlanHash, caller: CurrentCaller, services: CurrentServices, body: Said | None = None
) -> PlanDetails:
    """Keep one's institution's node from a plan, from its next question on, standing rules or not."""
    return service.decide(services.database, caller, plan_hash, False, body.reason if body else None)


@router.get("/egress", operation_id="listEgress", responses=answers())
def list_egress(
    caller: CurrentCaller,
    services: CurrentServices,
    run: RunName | None = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> EgressPage:
    """All that left one's institution, the newest first."""
    before = moment_and(cursor, UUID) if cursor else None
    with services.database.transaction(caller.scope) as tx:
        rows = repository.egress(tx, run, before, limit + 1)
    items = [Departure.model_validate(dict(row._mapping)) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return EgressPage(items=items, next=to_cursor([last.at.isoformat(), str(last.id)]) if last else None)


def moment_and(cursor: str, kind: type[Any]) -> tuple[datetime, Any]:
    """The time and the key where a page begins; raises InvalidRequest."""
    moment, key = from_cursor(cursor, str, str)
    try:
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None or "\0" in key or not key.isascii():
            raise ValueError
        return found, kind(key)
    except ValueError:
        raise InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}]) from None


def _rule(row: Row[Any]) -> Rule:
    return Rule.model_validate({name: value for name, value in row._mapping.items() if name in Rule.model_fields})
