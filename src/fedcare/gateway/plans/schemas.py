"""Plans, decisions, standing rules and the egress log as they come and go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic.config import JsonDict

from fedcare.gateway.types import Finite, Line100, Says, Whole

_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_DECISION: JsonDict = {
    "institution_id": 1,
    "institution": "Hospital A",
    "approved": True,
    "reason": None,
    "decided_how": "worker",
    "decided_at": "2026-11-22T08:05:00Z",
}
_PLAN: JsonDict = {
    "hash": _HASH,
    "task": "insurance-cost",
    "rounds": 10,
    "strategy": "fedavg",
    "seed": 42,
    "proposed_by": None,
    "created_at": "2026-11-22T08:00:00Z",
    "decisions": [_DECISION],
}


class Decision(BaseModel):
    """What an institution said to a plan: a worker at the gateway, its node's command line, or a standing rule."""

    institution_id: int
    institution: str
    approved: bool
    reason: str | None
    decided_how: Literal["worker", "command line", "rule"]
    decided_at: datetime


class Plan(BaseModel):
    """A plan in short. ``decisions``: one's own institution's, for the consortium everybody's."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLAN]})

    hash: str
    task: str
    rounds: int
    strategy: str
    seed: int
    proposed_by: UUID | None
    created_at: datetime
    decisions: list[Decision]


class PlanDetails(Plan):
    """A plan with all that it says. ``hash`` is the SHA-256 of ``canonical`` in UTF-8."""

    plan: dict[str, Any]
    canonical: str


class PlanPage(BaseModel):
    """The newest plan first; ``next`` is the cursor of the page that follows."""

    items: list[Plan]
    next: str | None


class Verdict(BaseModel):
    """Why, for those who ask later."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Line100, Field(examples=["agreed by the data committee"])] | None = None


class RuleFields(BaseModel):
    """When the institution's node takes up a plan of this task without asking anybody.

    ``max_epsilon`` is the weakest privacy a run may have; null accepts a plan without any.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"max_epsilon": None, "max_rounds_per_day": 100, "is_enabled": True}]},
    )

    max_epsilon: Annotated[Finite, Field(gt=0)] | None = None
    max_rounds_per_day: Annotated[int, Whole(1)]
    is_enabled: StrictBool = True


class Rule(BaseModel):
    """A standing rule of one's institution."""

    task: str
    max_epsilon: float | None
    max_rounds_per_day: int
    is_enabled: bool
    created_by: UUID | None
    created_at: datetime


class Rules(BaseModel):
    """All of them, by task."""

    items: list[Rule]


class Departure(BaseModel):
    """Something that left the institution: how many bytes of what, their SHA-256, and who had approved it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019a2016-1e6a-7ba6-8988-8bec93ae7cae",
                    "at": "2026-11-22T08:10:00Z",
                    "run": "019a2015-77aa-7ba6-8988-8bec93ae7cae",
                    "plan_hash": _HASH,
                    "round": 3,
                    "kind": "update",
                    "bytes": 21508,
                    "hash": _HASH,
                    "epsilon": None,
                    "approved_by": "Ada Lovelace",
                }
            ]
        }
    )

    id: UUID
    at: datetime
    run: str
    plan_hash: str | None
    round: int | None
    kind: str
    bytes: int
    hash: str
    epsilon: float | None
    approved_by: str | None


class EgressPage(BaseModel):
    """The newest first; ``next`` is the cursor of the page that follows."""

    items: list[Departure]
    next: str | None


RunName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$"),
    Says("it must be a run's name: up to 100 letters, digits, dots, dashes and underscores"),
    Field(description="Of one run alone."),
]
