"""What a model version knows of its own errors: intervals for a number, probabilities for two classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fedcare.training.intervals import Intervals
from fedcare.training.probabilities import Probabilities

Calibration = Intervals | Probabilities


def calibration_from_json(value: Mapping[str, Any]) -> Calibration | None:
    """The inverse of a calibration's ``to_json``; an empty object is a version without one."""
    if not value:
        return None
    if value["kind"] == "intervals":
        return Intervals.from_json(value)
    if value["kind"] == "probabilities":
        return Probabilities.from_json(value)
    raise ValueError(f"{value['kind']!r} is no kind of calibration")
