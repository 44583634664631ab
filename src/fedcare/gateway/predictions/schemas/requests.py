"""What is asked: of a patient, of a record, of many; and what is told of an outcome."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from fedcare.gateway.models.schemas import TaskName
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


class OutcomeRequest(BaseModel):
    """What turned out to be true: a number in the prediction's unit, or one of the task's classes."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"outcome": 8421.0}, {"outcome": "cancer"}]}
    )

    outcome: Annotated[
        FeatureNumber | Annotated[Finite, Field(ge=-LARGEST, le=LARGEST)] | Line100,
        Says("it must be a number of at most fifteen digits, or the name of a class"),
    ]
