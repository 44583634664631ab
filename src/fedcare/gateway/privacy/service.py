"""Reading and setting the budget; the rows themselves are read and written in ``db.privacy``, as a node does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from fedcare.db import audit, privacy
from fedcare.db.database import Database
from fedcare.gateway.caller import Caller
from fedcare.gateway.privacy.schemas import BudgetFields, Charge, Standing, Use
from fedcare.privacy.ledger import Budget

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


def charge(row: Row[Any]) -> Charge:
    """A row of the ledger for a listing."""
    uses = [Use(noise_multiplier=noise, sample_rate=rate, steps=steps) for noise, rate, steps in row.uses]
    plain = {name: getattr(row, name) for name in Charge.model_fields if name not in ("uses", "epsilon")}
    return Charge(**plain, uses=uses, epsilon=None if row.kind == "unbounded" else row.epsilon)
