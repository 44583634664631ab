"""The answer for many records."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from fedcare.gateway.models.schemas import A_VERSION


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
