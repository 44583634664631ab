"""An institution's privacy budget and ledger: its own administrator's, and nobody's else."""

from __future__ import annotations

from fastapi import APIRouter

from fedcare.db import privacy
from fedcare.errors import BadSetting, Conflict, NotFound
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.plans.recipe import PlanHash
from fedcare.gateway.plans.schemas import RunName
from fedcare.gateway.privacy import service
from fedcare.gateway.privacy.schemas import BudgetFields, LedgerPage, PlanCost, Standing
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.types import Cursor, PageSize, from_cursor, to_cursor

router = APIRouter(prefix="/privacy", tags=["privacy"], route_class=StrictRoute)


@router.get("/budget", operation_id="getBudget", responses=answers())
def get_budget(caller: CurrentCaller, services: CurrentServices) -> Standing:
    """One's institution's privacy budget, what is spent of it and what is left."""
    with services.database.transaction(caller.scope) as tx:
        return service.standing(tx)


@router.put("/budget", operation_id="setBudget", responses=answers())
def set_budget(body: BudgetFields, caller: CurrentCaller, services: CurrentServices) -> Standing:
    """Set one's institution's privacy budget; a lowered one stops private runs that are under way too."""
    return service.set_budget(services.database, caller, body)


@router.get("/plans/{plan_hash}", operation_id="forecastPlan", responses=answers(NotFound, Conflict, BadSetting))
def forecast_plan(plan_hash: PlanHash, caller: CurrentCaller, services: CurrentServices) -> PlanCost:
    """What a run of a plan would cost one's institution, and how many such runs its budget allows."""
    return service.cost(services.database, caller, plan_hash)


@router.get("/ledger", operation_id="listCharges", responses=answers())
def list_charges(
    caller: CurrentCaller,
    services: CurrentServices,
    run: RunName | None = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> LedgerPage:
    """What was charged to one's institution's budget, the newest first."""
    before = min(max(from_cursor(cursor, int)[0], 0), 2**63 - 1) if cursor else None
    with services.database.transaction(caller.scope) as tx:
        rows = privacy.page(tx, run, before, limit + 1)
    items = [service.charge(row) for row in rows[:limit]]
    return LedgerPage(items=items, next=to_cursor([items[-1].seq]) if len(rows) > limit else None)
