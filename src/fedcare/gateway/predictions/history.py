"""What was predicted, and what turned out to be true."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fedcare.db import audit
from fedcare.errors import InvalidRequest, NotFound
from fedcare.gateway.caller import Caller
from fedcare.gateway.predictions import repository
from fedcare.gateway.services import Services
from fedcare.gateway.types import to_cursor


def page(
    services: Services,
    caller: Caller,
    wanted: dict[str, object],
    since: datetime | None,
    until: datetime | None,
    before: UUID | None,
    limit: int,
) -> dict[str, Any]:
    """The fields of ``schemas.History``; looking at one patient's predictions is written into the audit log."""
    with services.database.transaction(caller.scope) as tx:
        rows = repository.history(tx, wanted, since, until, limit + 1, before)
        if "patient_id" in wanted:
            audit.record(tx, caller.origin, "predictions.list", "patient", wanted["patient_id"])
    shown = rows[:limit]
    following = to_cursor([str(shown[-1].id)]) if len(rows) > limit else None
    return {"items": [past(row) for row in shown], "next": following}


def record_outcome(services: Services, caller: Caller, prediction_id: UUID, outcome: float | str) -> dict[str, Any]:
    """Note what turned out to be true of a prediction; noted again, the last one holds.

    Raises NotFound, and InvalidRequest for a number where a class is meant, or the other way round.
    """
    with services.database.transaction(caller.scope) as tx:
        row = repository.one(tx, prediction_id)
        if row is None:
            raise NotFound(what="prediction")
        changed = repository.set_outcome(tx, prediction_id, _as_number(row, outcome))
        audit.record(tx, caller.origin, "predictions.outcome", "prediction", prediction_id)
    return past(changed)


def past(row: Any) -> dict[str, Any]:
    """A row of the history with the fields of ``schemas.PastPrediction``."""
    classes = _classes(row)
    outcome = classes[int(row.outcome)] if classes and row.outcome is not None else row.outcome
    kept: dict[str, Any] = row.result
    return kept | {
        "id": row.id,
        "task": row.task,
        "model_version": row.model_version,
        "worker_id": row.worker_id,
        "patient_id": row.patient_id,
        "created_at": row.created_at,
        "features": row.features,
        "value": row.value,
        "outside": row.outside,
        "outcome": outcome,
        "outcome_at": row.outcome_at,
    }


def _classes(row: Any) -> list[str]:
    return [each["label"] for each in row.result["probabilities"]]


def _as_number(row: Any, outcome: float | str) -> float:
    """A number as it is, a class as its place among the task's."""
    classes = _classes(row)
    if not classes and not isinstance(outcome, str):
        return float(outcome)
    if classes and outcome in classes:
        return float(classes.index(str(outcome)))
    problem = f"it must be one of {', '.join(classes)}" if classes else f"it must be a number of {row.result['unit']}"
    raise InvalidRequest([{"field": "outcome", "problem": problem}])
