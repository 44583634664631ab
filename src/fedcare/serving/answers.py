"""What a record is answered with: a prediction, or the reasons why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """What the model says of one record.

    For a number ``value`` is in ``unit``. For classes ``label`` is the class, ``value`` its probability and
    ``probabilities`` that of every class, 0 to 1; ``threshold`` is the probability from which a binary model says
    positive. ``warnings`` say what was assumed: a value imputed, a category unknown, a number out of range.
    """

    value: float
    unit: str = ""
    label: str | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For programs: only what the kind of target has."""
        if self.label is None:
            said: dict[str, Any] = {"value": self.value, "unit": self.unit}
        else:
            said = {"label": self.label, "probability": self.value, "probabilities": dict(self.probabilities)}
            if self.threshold is not None:
                said["threshold"] = self.threshold
        return said | {"warnings": list(self.warnings)}


@dataclass(frozen=True)
class Refusal:
    """Why one record gets no prediction: ``(field, reason)`` for each thing that is wrong with it."""

    problems: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"problems": [{"field": name, "reason": reason} for name, reason in self.problems]}


Answer = Prediction | Refusal
