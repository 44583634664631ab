"""What a version says, as it leaves the gateway and as the history keeps it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from math import isfinite
from typing import Any
from uuid import UUID

from PIL import Image

from fedcare.errors import InvalidRequest
from fedcare.gateway.models.artifact import Ready
from fedcare.serving.answers import Prediction, Refusal
from fedcare.serving.dicom_view import View
from fedcare.serving.explanation import Explanation
from fedcare.serving.image_predictor import Seen


def said(ready: Ready, prediction: Prediction) -> dict[str, Any]:
    """The fields of ``schemas.Said``; raises InvalidRequest where no number came out."""
    value, about = prediction.value, None
    probabilities: list[dict[str, Any]] = []
    if prediction.label is not None:
        about = about_of(ready) or prediction.label
        value = prediction.probabilities[about]
        probabilities = [{"label": name, "probability": each} for name, each in prediction.probabilities.items()]
    if not isfinite(value):
        raise InvalidRequest([{"field": "features", "problem": "the model makes no number of this record"}])
    return {
        "value": value,
        "unit": prediction.unit or None,
        "low": prediction.low,
        "high": prediction.high,
        "label": prediction.label,
        "about": about,
        "probabilities": probabilities,
        "threshold": prediction.threshold,
        "unsure_from": prediction.unsure_from,
        "unsure_to": prediction.unsure_to,
        "not_sure": prediction.not_sure,
        "outside": prediction.outside,
        "reasons": prediction.reasons,
        "warnings": prediction.warnings,
    }


def about_of(ready: Ready) -> str | None:
    """Of two classes the positive one, whose probability is the value; of more it is the predicted one."""
    target = ready.version.task.records.target
    return target.classes[1] if target.kind == "binary" else None


def explained(explanation: Explanation) -> dict[str, Any]:
    """The fields of ``schemas.PredictionExplanation``."""
    amounts = [
        {"feature": each.feature, "shown": each.shown, "amount": each.amount} for each in explanation.contributions
    ]
    kept = {"baseline": explanation.baseline, "value": explanation.value, "exact": explanation.exact}
    return kept | {"contributions": amounts}


def row(
    ready: Ready, institution_id: int | None, worker_id: UUID, prediction_id: UUID, answer: dict[str, Any]
) -> dict[str, Any]:
    """A row of the history; the patient and the features are the caller's to add."""
    result = {name: value for name, value in answer.items() if name not in ("value", "outside")}
    return {
        "institution_id": institution_id,
        "id": prediction_id,
        "worker_id": worker_id,
        "patient_id": None,
        "task": ready.task,
        "model_version": ready.name,
        "features": None,
        "result": result,
        "value": answer["value"],
        "outside": answer["outside"],
    }


def problems(refusal: Refusal, prefix: str = "") -> list[dict[str, str]]:
    """Why a record was refused, field by field."""
    return [{"field": f"{prefix}{name}", "problem": reason} for name, reason in refusal.problems]


def unknown(names: Iterable[str], ready: Ready, prefix: str = "") -> list[dict[str, str]]:
    """Names that are no features: most likely mistyped."""
    there = ", ".join(sorted(ready.features))
    return [
        {"field": f"{prefix}{name}", "problem": f"{ready.task} has no such feature; there are {there}"}
        for name in names
    ]


def seen(picture: Seen) -> dict[str, Any]:
    """What the model saw, and which places of it speak for the finding."""
    buffer = io.BytesIO()
    Image.fromarray(picture.pixels).save(buffer, "PNG")
    heat = picture.heat
    heat_map = None
    if heat is not None:
        values = [[round(float(each), 4) for each in line] for line in heat]
        heat_map = {"rows": heat.shape[0], "columns": heat.shape[1], "values": values}
    return {"image": base64.b64encode(buffer.getvalue()).decode(), "heat_map": heat_map}


def viewed(view: View) -> dict[str, Any]:
    """The fields of ``schemas.ImageView``."""
    rows, columns = view.pixels.shape
    kept = {name: value for name, value in vars(view).items() if name != "pixels"}
    return kept | {
        "rows": rows,
        "columns": columns,
        "pixels": base64.b64encode(view.pixels.astype("<u2").tobytes()).decode(),
    }
