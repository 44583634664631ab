"""The privacy budget and its ledger as they come and go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.config import JsonDict

from fedcare.gateway.types import Finite

_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_BUDGET: JsonDict = {"epsilon": 1.0, "delta": 1e-5, "private_only": False}
_STANDING: JsonDict = _BUDGET | {
    "spent": 0.84,
    "left": 0.16,
    "unbounded_runs": 0,
    "set_by": None,
    "set_at": None,
}
_CHARGE: JsonDict = {
    "seq": 2,
    "at": "2026-11-22T08:10:00Z",
    "run": "019a2015-77aa-7ba6-8988-8bec93ae7cae",
    "plan_hash": _HASH,
    "task": "insurance-cost",
    "kind": "begun",
    "what": "update",
    "round": 1,
    "uses": [{"noise_multiplier": 9.5, "sample_rate": 0.1, "steps": 50}],
    "epsilon": 0.84,
    "delta": 1e-5,
}


class BudgetFields(BaseModel):
    """What all runs together may cost each patient: epsilon, at a chance ``delta`` that the promise leaves out.

    ``private_only``: runs without differential privacy are refused, and the coordinator is told no number of records.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BUDGET]})

    epsilon: Annotated[Finite, Field(ge=0, le=1e6)]
    delta: Annotated[Finite, Field(gt=0, lt=1)]
    private_only: StrictBool


class Standing(BaseModel):
    """The budget, who set it last, and how it stands.

    ``spent`` is epsilon of everything charged so far, runs that reserved and are not over among it. Runs without
    differential privacy are outside of it: nothing bounds what those ``unbounded_runs`` told.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_STANDING]})

    epsilon: float
    delta: float
    private_only: bool
    spent: float
    left: float
    unbounded_runs: int
    set_by: UUID | None
    set_at: datetime | None


class Use(BaseModel):
    """``steps`` releases of a sum with Gaussian noise: its deviation over the greatest norm that one record adds, and
    the chance of each record to be in a step's sample."""

    noise_multiplier: float
    sample_rate: float
    steps: int


class Charge(BaseModel):
    """A row of the ledger.

    ``reserved``: all that a run will release; ``begun``: one answer, written down before it was computed; ``settled``:
    what the run never began was given back; ``unbounded``: a run without differential privacy. ``epsilon`` is what
    everything up to this row costs together at ``delta``, null where nothing bounds it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_CHARGE]})

    seq: int
    at: datetime
    run: str
    plan_hash: str
    task: str
    kind: Literal["reserved", "begun", "settled", "unbounded"]
    what: str | None
    round: int | None
    uses: list[Use]
    epsilon: float | None
    delta: float


class LedgerPage(BaseModel):
    """The newest first; ``next`` is the cursor of the page that follows."""

    items: list[Charge]
    next: str | None


class PlanCost(BaseModel):
    """What a run of a plan would cost one's institution, at its own delta; null where nothing bounds it.

    ``epsilon``: of one run by itself. ``spent_after``: of everything so far and the run together. ``runs_that_fit``:
    how many such runs the budget allows, counted up to 1024.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"epsilon": 0.5, "delta": 1e-5, "spent": 0.3, "spent_after": 0.62, "runs_that_fit": 2}]
        }
    )

    epsilon: float | None
    delta: float
    spent: float
    spent_after: float | None
    runs_that_fit: int | None
