"""What is asked for a prediction, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from fedcare.gateway.models.schemas import A_VERSION, AN_IMAGING_VERSION, TaskName
from fedcare.gateway.types import Finite, Line100, Says

MOST_ROWS = 10_000
# Neither a task has more features, nor a record a larger number, than could be meant.
MOST_FEATURES = 500
LARGEST = 10**15

FeatureName = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Says("it must be one line of 1 to 100 characters"),
]
FeatureNumber = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
FeatureValue = Annotated[
    FeatureNumber | Annotated[Finite, Field(ge=-LARGEST, le=LARGEST)] | Line100 | None,
    Says("it must be a number of at most fifteen digits, one line of text of 1 to 100 characters, or null"),
]
Features = Annotated[dict[FeatureName, FeatureValue], Field(max_length=MOST_FEATURES)]
Flag = Annotated[bool, Field(strict=True)]

A_RECORD: JsonDict = {"age": 44, "sex": "female", "bmi": 27.5, "children": 1, "smoker": "no", "region": "northeast"}
AN_ID = "0199f3a1-7c2b-7d44-9b1e-2f6a5c3d4e5f"


class PredictionRequest(BaseModel):
    """A stored patient, or a record's features; null or absent is missing, which the task may impute.

    With a patient, ``features`` may only add what the patient's record does not hold.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"patient_id": AN_ID}, {"features": A_RECORD, "record": False}]}
    )

    task: TaskName = "insurance-cost"
    patient_id: UUID | None = Field(default=None, description="A patient of your institution.")
    features: Features | None = None
    explain: Flag = Field(default=True, description="Say what each feature gave to the prediction.")
    record: Flag = Field(default=True, description="Keep it in the history. A record that is not kept leaves no trace.")

    @model_validator(mode="after")
    def _has_a_record(self) -> PredictionRequest:
        if self.patient_id is None and self.features is None:
            raise ValueError("give patient_id or features")
        return self


class BatchRequest(BaseModel):
    """Up to 10,000 records at once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rows": [A_RECORD]}]})

    task: TaskName = "insurance-cost"
    rows: Annotated[
        list[Any],
        Field(min_length=1, max_length=MOST_ROWS, description="Records as objects of features, each judged by itself."),
    ]
    record: Flag = Field(default=False, description="Keep every prediction in the history.")


class ClassProbability(BaseModel):
    """A class and its probability, 0 to 1."""

    label: str
    probability: float


class FeatureContribution(BaseModel):
    """What a feature added to the prediction (its Shapley value), and the value it had, as shown to people."""

    feature: str
    shown: str
    amount: float


class PredictionExplanation(BaseModel):
    """``baseline``, the prediction for an average record, plus all amounts is ``value``; the largest come first.

    ``exact`` is false for a task of so many features that the values are averages over a sample of orders.
    """

    baseline: float
    value: float
    exact: bool
    contributions: list[FeatureContribution]


class Said(BaseModel):
    """What a version says of one record or image."""

    value: float = Field(description="A number in `unit`; for classes the probability of `about`, 0 to 1.")
    unit: str | None
    low: float | None = Field(description="The true value lies between `low` and `high` in 90 of 100 cases.")
    high: float | None
    label: str | None = Field(description="The class that is predicted.")
    about: str | None = Field(description="The class whose probability `value` is: of two, the positive one.")
    probabilities: list[ClassProbability] = Field(description="Calibrated, in the order of the classes.")
    threshold: float | None = Field(description="From this probability on, the positive class is predicted.")
    unsure_from: float | None = Field(
        default=None,
        description="Of two classes: from this probability of `about` to below `unsure_to` the model is not sure."
        " Equal ends mean never; null where a version has no such band.",
    )
    unsure_to: float | None = None
    not_sure: bool = Field(
        description="A human should decide: the probability lies in the band, or the input is `outside`."
    )
    outside: bool = Field(description="The input is unlike what the model has seen, for these `reasons`.")
    reasons: list[str]
    warnings: list[str] = Field(description="What was assumed, such as a value that stood for a missing one.")


SAID_EXAMPLE: JsonDict = {
    "value": 8213.4,
    "unit": "dollars",
    "low": 5120.9,
    "high": 11305.9,
    "label": None,
    "about": None,
    "probabilities": [],
    "threshold": None,
    "unsure_from": None,
    "unsure_to": None,
    "not_sure": False,
    "outside": False,
    "reasons": [],
    "warnings": [],
}
EXPLANATION_EXAMPLE: JsonDict = {
    "baseline": 9890.1,
    "value": 8213.4,
    "exact": True,
    "contributions": [{"feature": "smoker", "shown": "no", "amount": -1676.7}],
}


class PredictionAnswer(Said):
    """A prediction; ``id`` is its place in the history, none where it was not kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": AN_ID, "task": "insurance-cost", "model_version": A_VERSION}
                | SAID_EXAMPLE
                | {"explanation": EXPLANATION_EXAMPLE}
            ]
        }
    )

    id: UUID | None
    task: str
    model_version: str
    explanation: PredictionExplanation | None


class HeatMap(BaseModel):
    """Which places of the image speak for ``about``: rows of 0 to 1 from the top, the strongest place being 1.

    It is coarse. Stretched over the whole image, whatever its size, it lies right.
    """

    rows: int
    columns: int
    values: list[list[float]]


class ImagePredictionAnswer(Said):
    """A prediction for an image. The image itself is never kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": AN_ID,
                    "task": "cancer-imaging",
                    "model_version": AN_IMAGING_VERSION,
                    "value": 0.81,
                    "unit": None,
                    "low": None,
                    "high": None,
                    "label": "cancer",
                    "about": "cancer",
                    "probabilities": [
                        {"label": "normal", "probability": 0.19},
                        {"label": "cancer", "probability": 0.81},
                    ],
                    "threshold": 0.42,
                    "unsure_from": 0.18,
                    "unsure_to": 0.61,
                    "not_sure": False,
                    "outside": False,
                    "reasons": [],
                    "warnings": [],
                    "image": "iVBORw0KGgo=",
                    "heat_map": {"rows": 2, "columns": 2, "values": [[0.0, 0.2], [0.1, 1.0]]},
                }
            ]
        }
    )

    id: UUID | None
    task: str
    model_version: str
    image: str = Field(description="What the model saw: a grey PNG in base64, to lay the heat map over.")
    heat_map: HeatMap | None = Field(
        description="None where an answer is given once more after another version took over."
    )


class FieldProblem(BaseModel):
    """What is wrong with one feature, or with the row."""

    field: str
    problem: str


class RefusedRow(BaseModel):
    """A row without a prediction."""

    row: int = Field(description="Its place in the request, from 0.")
    problems: list[FieldProblem]


class RowNote(BaseModel):
    """A row of which something is to be said."""

    row: int
    reasons: list[str] = Field(description="Why the row is unlike what the model has seen; empty if it is not.")
    warnings: list[str]


class BatchAnswer(BaseModel):
    """Predictions as columns: each list has an entry for every row that was sent, null where it was refused.

    Rows that nothing is said of in ``notes`` are like what the model has seen, and nothing was assumed of them.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task": "insurance-cost",
                    "model_versions": [A_VERSION],
                    "answered_by": None,
                    "unit": "dollars",
                    "about": None,
                    "rows": 2,
                    "predicted": 1,
                    "values": [8213.4, None],
                    "lows": [5120.9, None],
                    "highs": [11305.9, None],
                    "labels": None,
                    "not_sure": [],
                    "notes": [],
                    "refused": [{"row": 1, "problems": [{"field": "age", "problem": "it is missing"}]}],
                    "ids": None,
                }
            ]
        }
    )

    task: str
    model_versions: list[str] = Field(description="The versions that answered: two while traffic is shared.")
    answered_by: list[int] | None = Field(description="By row the place in `model_versions`, where there are two.")
    unit: str | None
    about: str | None = Field(description="Of two classes the one whose probability `values` are.")
    rows: int
    predicted: int
    values: list[float | None]
    lows: list[float | None] | None
    highs: list[float | None] | None
    labels: list[str | None] | None
    not_sure: list[int] = Field(description="Rows that a human should decide.")
    notes: list[RowNote]
    refused: list[RefusedRow]
    ids: list[UUID | None] | None = Field(description="Places in the history, where it was asked to keep them.")


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


class OutcomeRequest(BaseModel):
    """What turned out to be true: a number in the prediction's unit, or one of the task's classes."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"outcome": 8421.0}, {"outcome": "cancer"}]}
    )

    outcome: Annotated[
        FeatureNumber | Annotated[Finite, Field(ge=-LARGEST, le=LARGEST)] | Line100,
        Says("it must be a number of at most fifteen digits, or the name of a class"),
    ]
