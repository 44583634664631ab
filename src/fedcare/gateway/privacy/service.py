"""Reading and setting the budget; the rows themselves are read and written in ``db.privacy``, as a node does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from fedcare.db import audit, privacy
from fedcare.db.database import Database
from fedcare.gateway.caller import Caller
from fedcare.gateway.plans.recipe import known_plan
from fedcare.gateway.privacy.schemas import BudgetFields, Charge, PlanCost, Standing, Use
from fedcare.privacy.forecast import forecast
from fedcare.privacy.ledger import Budget
from fedcare.privacy.planned import planned_uses

WHAT = "privacy_budget"


def standing(tx: Connection) -> Standing:
    """The budget of the transaction's institution, and how it stands."""
    allowed, row = privacy.budget(tx), privacy.budget_row(tx)
    spent = privacy.spent(tx, allowed.delta)
    return Standing(
        epsilon=allowed.epsilon,
        delta=allowed.delta,
        private_only=allowed.private_only,
        spent=spent,
        left=max(0.0, allowed.epsilon - spent),
        unbounded_runs=privacy.unbounded_runs(tx),
        set_by=None if row is None else row.set_by,
        set_at=None if row is None else row.set_at,
    )


def set_budget(database: Database, caller: Caller, fields: BudgetFields) -> Standing:
    """Set the budget of the caller's institution from here on; what was spent stays spent."""
    assert caller.institution_id is not None
    with database.transaction(caller.scope) as tx:
        new = Budget(fields.epsilon, fields.delta, fields.private_only)
        privacy.set_budget(tx, caller.institution_id, new, caller.worker_id)
        found = standing(tx)
        audit.record(tx, caller.origin, "privacy.set_budget", WHAT, caller.institution_id)
        return found


def cost(database: Database, caller: Caller, plan_hash: str) -> PlanCost:
    """What a run of a plan would cost; raises NotFound, Conflict for a plan that this FedCare would read otherwise, and
    BadSetting for an epsilon that no noise can keep.
    """
    with database.transaction(caller.scope) as tx:
        plan, allowed, account = known_plan(tx, plan_hash), privacy.budget(tx), privacy.account(tx)
    # Composing takes seconds: no connection waits for it.
    if not plan.privacy.dp.enabled:
        spent = account.spent(allowed.delta)
        return PlanCost(epsilon=None, delta=allowed.delta, spent=spent, spent_after=None, runs_that_fit=None)
    told = forecast(account, planned_uses(plan), allowed)
    return PlanCost(
        epsilon=told.run, delta=allowed.delta, spent=told.spent, spent_after=told.after, runs_that_fit=told.runs
    )


def charge(row: Row[Any]) -> Charge:
    """A row of the ledger for a listing."""
    uses = [Use(noise_multiplier=noise, sample_rate=rate, steps=steps) for noise, rate, steps in row.uses]
    plain = {name: getattr(row, name) for name in Charge.model_fields if name not in ("uses", "epsilon")}
    return Charge(**plain, uses=uses, epsilon=None if row.kind == "unbounded" else row.epsilon)
