"""What is said of versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from fedcare.gateway.types import Finite, Says, Whole
from fedcare.tasks.spec import NAME

TaskName = Annotated[
    str,
    StringConstraints(strict=True, pattern=NAME),
    Says("it must be a task's name, such as insurance-cost"),
    Field(description="A task.", examples=["insurance-cost"]),
]
VersionName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9-]{1,200}$"),
    Says("it must be a version's name, such as insurance-cost-3f2a9c81d04e"),
]
VersionId = Annotated[int, Whole(1), Field(description="A version's id.", examples=[7])]

A_VERSION = "insurance-cost-3f2a9c81d04e"
AN_IMAGING_VERSION = "cancer-imaging-5b1d22ce9a70"
A_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
FIGURES_EXAMPLE: JsonDict = {"r2": 0.86, "mae": 2511.4, "mse": 2.1e7}


_ANSWERING: JsonDict = {
    "task": "insurance-cost",
    "title": "Yearly medical charges of an insured person",
    "kind": "regression",
    "unit": "dollars",
    "features": ["age", "bmi", "children", "region", "sex", "smoker"],
    "active": A_VERSION,
    "active_since": "2026-11-22T08:00:00Z",
    "before": None,
    "answering": A_VERSION,
    "fault": None,
    "challenger": None,
    "challenger_fault": None,
    "fraction": 0.0,
    "sharing_since": None,
}
_ANSWERING_IMAGES: JsonDict = _ANSWERING | {
    "task": "cancer-imaging",
    "title": "Cancer on a medical image",
    "kind": "binary",
    "unit": None,
    "features": [],
    "active": AN_IMAGING_VERSION,
    "answering": AN_IMAGING_VERSION,
}
_KEPT: JsonDict = {
    "id": 7,
    "version": A_VERSION,
    "task": "insurance-cost",
    "hash": A_HASH,
    "training_round": 8,
    "accuracy": None,
    "auc": None,
    "mse": 2.1e7,
    "mae": 2511.4,
    "r2": 0.86,
    "trained_at": "2026-11-21T20:00:00Z",
    "imported_at": "2026-11-22T07:59:00Z",
    "activated_at": "2026-11-22T08:00:00Z",
    "is_active": True,
}
_KEPT_OF_IMAGES: JsonDict = _KEPT | {
    "id": 8,
    "version": AN_IMAGING_VERSION,
    "task": "cancer-imaging",
    "accuracy": 0.896,
    "auc": 0.962,
    "mse": None,
    "mae": None,
    "r2": None,
}


class Answering(BaseModel):
    """Who answers for a task in this process.

    ``active`` is what the database says. ``answering`` is the same unless that version is damaged, or its files
    are missing on this machine: then it is the last good one, or nothing, and ``fault`` says why and what to do.
    """

    task: str
    title: str | None
    kind: Literal["regression", "binary", "multiclass"] | None
    unit: str | None = Field(description="Of what is predicted, where that is a number.")
    features: list[str] = Field(description="Names that a record of this task has; empty for images.")
    active: str
    active_since: datetime | None
    before: str | None = Field(description="The version that a rollback would go back to, if there is one.")
    answering: str | None
    fault: str | None
    challenger: str | None
    challenger_fault: str | None
    fraction: float = Field(description="Share of patients that the challenger answers, 0 to 1.")
    sharing_since: datetime | None


class ModelStatus(BaseModel):
    """Every task that has an active version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tasks": [_ANSWERING_IMAGES, _ANSWERING]}]})

    tasks: list[Answering]


class Figures(BaseModel):
    """How good the version that answers was when it was made.

    ``metrics`` are pooled over all institutions' rows, ``institutions`` of each one's own rows.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task": "insurance-cost",
                    "version": A_VERSION,
                    "trained_at": "2026-11-21T20:00:00Z",
                    "judged_on": "validation",
                    "threshold": None,
                    "metrics": FIGURES_EXAMPLE,
                    "institutions": {"Hospital A": FIGURES_EXAMPLE},
                }
            ]
        }
    )

    task: str
    version: str
    trained_at: datetime
    judged_on: str | None = Field(description="Which rows: `validation` ones also chose the round.")
    threshold: float | None
    metrics: dict[str, float | None]
    institutions: dict[str, dict[str, float | None]]


class ModelVersion(BaseModel):
    """A version in short."""

    id: int
    version: str
    task: str
    hash: str = Field(description="SHA-256 over the manifest, which holds the hash of every other file.")
    training_round: int | None
    accuracy: float | None
    auc: float | None
    mse: float | None
    mae: float | None
    r2: float | None
    trained_at: datetime
    imported_at: datetime
    activated_at: datetime | None = Field(description="When it was last made active; none after a rollback.")
    is_active: bool


class ModelDetails(ModelVersion):
    """A version with its figures and where it comes from: plan, institutions, round, file hashes."""

    metrics: dict[str, Any]
    lineage: dict[str, Any]


class ModelPage(BaseModel):
    """Versions, the newest import first; ``next`` is the cursor of the page that follows."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_KEPT_OF_IMAGES, _KEPT], "next": None}]})

    items: list[ModelVersion]
    next: str | None


class Rollback(BaseModel):
    """Which task goes back to the version before."""

    model_config = ConfigDict(extra="forbid")

    task: TaskName


class Sharing(BaseModel):
    """Which version is to answer which share of a task's patients beside the active one."""

    model_config = ConfigDict(extra="forbid")

    task: TaskName
    challenger_id: VersionId
    fraction: Annotated[Finite, Field(gt=0, lt=1, description="Share of the patients.", examples=[0.1])]


class Shared(BaseModel):
    """How a task's traffic is shared from now on. Outcomes count for the comparison from ``since``."""

    task: str
    challenger_id: int
    challenger: str
    fraction: float
    since: datetime


class Score(BaseModel):
    """One version on the outcomes. A figure is missing where there are no outcomes, or not of this kind of task."""

    version: str
    predictions: int = Field(description="Made since the traffic is shared.")
    outcomes: int = Field(description="Patients and records of which an outcome is known.")
    mae: float | None = None
    rmse: float | None = None
    accuracy: float | None = None
    brier: float | None = None


class Difference(BaseModel):
    """The challenger's figure less the active version's, with its 95% interval (Welch); none with too few outcomes."""

    figure: Literal["mae", "accuracy", "brier"]
    better: Literal["lower", "higher"]
    value: float
    low: float | None
    high: float | None


class Comparison(BaseModel):
    """Both versions on outcomes of predictions made since their traffic is shared.

    An institution's admin sees its own. A consortium's admin sees sums over the institutions of which both versions
    have at least ``least_outcomes`` outcomes, and no row.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task": "insurance-cost",
                    "since": "2026-11-22T08:00:00Z",
                    "fraction": 0.1,
                    "institutions": 3,
                    "left_out": 1,
                    "least_outcomes": 10,
                    "active": {
                        "version": A_VERSION,
                        "predictions": 930,
                        "outcomes": 411,
                        "mae": 2511.4,
                        "rmse": 4620.7,
                        "accuracy": None,
                        "brier": None,
                    },
                    "challenger": {
                        "version": "insurance-cost-77aa01bc92f3",
                        "predictions": 104,
                        "outcomes": 45,
                        "mae": 2390.0,
                        "rmse": 4401.2,
                        "accuracy": None,
                        "brier": None,
                    },
                    "differences": [
                        {"figure": "mae", "better": "lower", "value": -121.4, "low": -702.3, "high": 459.5}
                    ],
                }
            ]
        }
    )

    task: str
    since: datetime
    fraction: float
    institutions: int = Field(description="How many are counted.")
    left_out: int = Field(description="Institutions that predict meanwhile, and have too few outcomes to be shown.")
    least_outcomes: int = Field(description="Of each version, so that an institution is counted.")
    active: Score
    challenger: Score
    differences: list[Difference]
