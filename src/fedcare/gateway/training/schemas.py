"""Runs, rounds, figures and nodes as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

RunStatus = Literal["queued", "started", "in_progress", "completed", "failed", "stopped"]
RoundStatus = Literal["started", "in_progress", "completed", "failed"]

_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_FIGURES: JsonDict = {"loss": 0.21, "r2": 0.84, "mae": 2590.1}
RUN: JsonDict = {
    "id": "019a2015-77aa-7ba6-8988-8bec93ae7cae",
    "task": "insurance-cost",
    "plan_hash": _HASH,
    "rounds": 10,
    "status": "completed",
    "reason": None,
    "cause": "manual",
    "schedule_id": None,
    "requested_by": None,
    "attempts": 1,
    "stop_requested": False,
    "version": "insurance-cost-3f2a9c81d04e",
    "decision": {"activate": True, "reasons": ["r2 rose from 0.82 to 0.86"]},
    "created_at": "2026-11-22T08:00:00Z",
    "started_at": "2026-11-22T08:00:01Z",
    "completed_at": "2026-11-22T08:00:19Z",
}
_ROUND: JsonDict = {
    "run_id": "019a2015-77aa-7ba6-8988-8bec93ae7cae",
    "round": 3,
    "status": "completed",
    "clients_participated": 5,
    "dropped": 0,
    "late_answers": 0,
    "aggregation_method": "fedavg",
    "metrics": _FIGURES,
    "seconds": 1.2,
    "bytes_sent": 107540,
    "bytes_received": 107540,
    "started_at": "2026-11-22T08:00:05Z",
    "completed_at": "2026-11-22T08:00:06Z",
    "institutions": [
        {
            "institution_id": 1,
            "institution": "Hospital A",
            "examples": 214,
            "metrics": _FIGURES,
            "seconds": 0.9,
            "dropped": None,
            "epsilon": 0.42,
        }
    ],
}


class Run(BaseModel):
    """One execution of a plan.

    ``attempts``: how often a process took it up, once more after each that died. ``reason``: why it failed or stopped.
    ``version`` is the model version it ended in, ``decision`` whether that may answer, and why.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [RUN]})

    id: UUID
    task: str
    plan_hash: str
    rounds: int
    status: RunStatus
    reason: str | None
    cause: Literal["manual", "cron", "new records", "command line"]
    schedule_id: int | None
    requested_by: UUID | None
    attempts: int
    stop_requested: bool
    version: str | None
    decision: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class OwnFigures(BaseModel):
    """One institution's part in a round. ``dropped``: why its answer did not count.

    ``epsilon``: of a private run, what the institution's patients have paid in it by the end of the round.
    """

    institution_id: int
    institution: str
    examples: int
    metrics: dict[str, float | None]
    seconds: float | None
    dropped: str | None
    epsilon: float | None


class Round(BaseModel):
    """One exchange with the nodes. ``metrics`` are pooled over all rows; ``dropped`` and ``late_answers`` are counts.

    ``institutions``: one's own, for the consortium everybody's.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ROUND]})

    run_id: UUID
    round: int
    status: RoundStatus
    clients_participated: int
    dropped: int
    late_answers: int
    aggregation_method: str
    metrics: dict[str, float | None]
    seconds: float | None
    bytes_sent: int | None
    bytes_received: int | None
    started_at: datetime
    completed_at: datetime | None
    institutions: list[OwnFigures]


class RunDetails(Run):
    """A run with its rounds, the last 1000 of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [RUN | {"history": [_ROUND]}]})

    history: list[Round]


class RunPage(BaseModel):
    """The newest first; ``next`` is the cursor of the page that follows."""

    items: list[Run]
    next: str | None


class CurrentRound(BaseModel):
    """The run in progress, or the newest where none is, and its latest round, which it may not have yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"run": RUN, "round": _ROUND}]})

    run: Run
    round: Round | None


class RoundPage(BaseModel):
    """Rounds with figures, the newest first; ``total`` counts all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ROUND], "total": 1}]})

    items: list[Round]
    total: int


class Client(BaseModel):
    """An institution's node. ``records`` counts its usable records by task; ``is_online``: it was seen just now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "institution_id": 1,
                    "institution": "Hospital A",
                    "node_id": "17",
                    "records": {"insurance-cost": 268},
                    "software": "0.1.0",
                    "certificate_expires_at": "2027-02-20T08:00:00Z",
                    "last_seen_at": "2026-11-22T08:00:00Z",
                    "is_online": True,
                }
            ]
        }
    )

    institution_id: int
    institution: str
    node_id: str
    records: dict[str, int]
    software: str | None
    certificate_expires_at: datetime | None
    last_seen_at: datetime
    is_online: bool


class Clients(BaseModel):
    """By institution."""

    items: list[Client]


Offset = Annotated[int, Field(ge=0, le=1_000_000, description="How many rounds to pass over.")]
