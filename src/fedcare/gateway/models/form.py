"""What a form for a task must ask, from the schema of the version that answers and what its training rows covered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from fedcare.data.schema import Kind, NumericFeature
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.gateway.models.artifact import Ready
from fedcare.gateway.models.schemas import A_VERSION
from fedcare.serving.imaging import MOST_BYTES
from fedcare.serving.patient_row import usual_range

FORMATS = ("PNG", "JPEG", "DICOM")

_AGE: JsonDict = {
    "kind": "number",
    "name": "age",
    "unit": "years",
    "required": True,
    "minimum": 0,
    "maximum": 130,
    "low": 18.0,
    "high": 64.0,
    "integer": False,
    "typical": 39.2,
}
_SMOKER: JsonDict = {
    "kind": "category",
    "name": "smoker",
    "required": True,
    "categories": ["no", "yes"],
    "rare": [],
    "typical": "no",
}


class NumberField(BaseModel):
    """A number to ask for. Outside ``minimum`` to ``maximum`` a value is a mistake; the model knows ``low`` to
    ``high``; ``typical`` is the mean of the rows that it was trained on."""

    kind: Literal["number"] = "number"
    name: str
    unit: str | None
    required: bool = Field(description="Without it there is no prediction.")
    minimum: float | None
    maximum: float | None
    low: float
    high: float
    integer: bool = Field(description="A fraction is refused.")
    typical: float


class CategoryField(BaseModel):
    """One of ``categories``; of those in ``rare`` the model has hardly seen a row. ``typical`` is the most frequent."""

    kind: Literal["category"] = "category"
    name: str
    required: bool = Field(description="Without it there is no prediction.")
    categories: list[str]
    rare: list[str]
    typical: str


class Pictures(BaseModel):
    """What an image may be. The model sees it as a grey one of ``size`` x ``size`` pixels."""

    size: int
    formats: list[str]
    most_bytes: int


class Predicted(BaseModel):
    """What comes out: a number in ``unit``, or one of ``classes``, of two the negative one first."""

    name: str
    kind: Kind
    unit: str | None
    classes: list[str]


class TaskForm(BaseModel):
    """What to ask for a prediction: ``fields`` of a record, or ``image``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task": "insurance-cost",
                    "title": "Yearly medical charges of an insured person",
                    "version": A_VERSION,
                    "fields": [_AGE, _SMOKER],
                    "image": None,
                    "target": {"name": "charges", "kind": "regression", "unit": "dollars", "classes": []},
                }
            ]
        }
    )

    task: str
    title: str
    version: str
    fields: list[Annotated[NumberField | CategoryField, Field(discriminator="kind")]]
    image: Pictures | None
    target: Predicted


def form_of(ready: Ready) -> TaskForm:
    """The form of a version's task."""
    task, preprocessing = ready.version.task, ready.version.preprocessing
    target, image = task.records.target, None
    if task.records.kind == "image":
        image = Pictures(size=task.records.image_size, formats=list(FORMATS), most_bytes=MOST_BYTES)
    return TaskForm(
        task=ready.task,
        title=task.title,
        version=ready.name,
        fields=_fields(preprocessing) if isinstance(preprocessing, TablePreprocessing) else [],
        image=image,
        target=Predicted(name=target.name, kind=target.kind, unit=target.unit or None, classes=list(target.classes)),
    )


def _fields(preprocessing: TablePreprocessing) -> list[Any]:
    """Fields in the order in which the schema declares them, numbers first."""
    usual = usual_range(preprocessing)
    means = zip(preprocessing.schema.numeric, preprocessing.means, strict=True)
    fields: list[Any] = [_number(feature, usual[feature.name], mean) for feature, mean in means]
    rare = {} if preprocessing.support is None else preprocessing.support.rare
    for feature, place in zip(preprocessing.schema.categorical, preprocessing.frequent, strict=True):
        fields.append(
            CategoryField(
                name=feature.name,
                required=feature.impute == "refuse",
                categories=list(feature.categories),
                rare=list(rare.get(feature.name, ())),
                typical=feature.categories[place],
            )
        )
    return fields


def _number(feature: NumericFeature, usual: tuple[float, float], mean: float) -> NumberField:
    low = usual[0] if feature.minimum is None else max(usual[0], feature.minimum)
    high = usual[1] if feature.maximum is None else min(usual[1], feature.maximum)
    return NumberField(
        name=feature.name,
        unit=feature.unit or None,
        required=feature.impute == "refuse",
        minimum=feature.minimum,
        maximum=feature.maximum,
        low=low,
        high=high,
        integer=feature.integer,
        typical=round(mean) if feature.integer else mean,
    )
