"""Predictions of the past, as they are listed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from fedcare.gateway.models.schemas import A_VERSION, AN_IMAGING_VERSION
from fedcare.gateway.predictions.schemas.requests import A_RECORD, AN_ID
from fedcare.gateway.predictions.schemas.said import EXPLANATION_EXAMPLE, SAID_EXAMPLE, PredictionExplanation, Said

PAST_EXAMPLE: JsonDict = {
    "id": AN_ID,
    "task": "insurance-cost",
    "model_version": A_VERSION,
    "worker_id": AN_ID,
    "patient_id": None,
    "created_at": "2026-11-22T09:30:00Z",
    "features": A_RECORD,
    "outcome": 8421.0,
    "outcome_at": "2026-12-24T10:00:00Z",
    **SAID_EXAMPLE,
    "explanation": EXPLANATION_EXAMPLE,
}


PAST_IMAGE_EXAMPLE: JsonDict = PAST_EXAMPLE | {
    "task": "cancer-imaging",
    "model_version": AN_IMAGING_VERSION,
    "features": None,
    "value": 0.81,
    "unit": None,
    "low": None,
    "high": None,
    "label": "cancer",
    "about": "cancer",
    "probabilities": [{"label": "normal", "probability": 0.19}, {"label": "cancer", "probability": 0.81}],
    "threshold": 0.42,
    "explanation": None,
    "outcome": "cancer",
}


class PastPrediction(Said):
    """A prediction of the history. ``features`` are what it was made from; an image is never kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAST_EXAMPLE, PAST_IMAGE_EXAMPLE]})

    id: UUID
    task: str
    model_version: str
    worker_id: UUID
    patient_id: UUID | None
    created_at: datetime
    features: dict[str, Any] | None
    explanation: PredictionExplanation | None
    outcome: float | str | None = Field(description="What became known: a number in `unit`, or a class.")
    outcome_at: datetime | None


class History(BaseModel):
    """Predictions, the latest first; ``next`` is the cursor of the page that follows."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [PAST_IMAGE_EXAMPLE, PAST_EXAMPLE], "next": None}]}
    )

    items: list[PastPrediction]
    next: str | None
