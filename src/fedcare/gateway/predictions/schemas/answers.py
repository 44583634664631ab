"""The answer for one record, and for one image."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from fedcare.gateway.models.schemas import A_VERSION, AN_IMAGING_VERSION
from fedcare.gateway.predictions.schemas.requests import AN_ID
from fedcare.gateway.predictions.schemas.said import EXPLANATION_EXAMPLE, SAID_EXAMPLE, PredictionExplanation, Said


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
    """Which places of the image speak for ``about``: rows of 0 to 1 from the top, by one measure for all images.

    1 is a place that by itself makes the odds three times as high or more, 0 one that adds nothing or speaks against.
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


class ImageView(BaseModel):
    """A DICOM image's own grey values, to be drawn through a window.

    The brightness of a value is ``(value - centre) / width + 1/2``. Of a large image a smaller
    copy, in its own proportion.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rows": 1,
                    "columns": 2,
                    "pixels": "AADoAw==",
                    "low": -1000.0,
                    "step": 1.0,
                    "centre": 40.0,
                    "width": 400.0,
                    "least": -1000.0,
                    "most": 0.0,
                    "inverted": False,
                }
            ]
        }
    )

    rows: int
    columns: int
    pixels: str = Field(description="Row by row, 16 bits each, little-endian, in base64: the value is low + step * it.")
    low: float
    step: float
    centre: float = Field(description="Of the window that the file asks for, else of all values.")
    width: float
    least: float = Field(description="The lowest value that is no padding.")
    most: float
    inverted: bool = Field(description="The lowest value is white (MONOCHROME1).")
