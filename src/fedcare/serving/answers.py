"""What a record is answered with: a prediction, or the reasons why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, float] = MappingProxyType({})


class Prediction(NamedTuple):
    """What the model says of one record.

    For a number ``value`` is in ``unit``, and ``low`` to ``high`` hold the true value in 90 of 100 cases (None where
    the version has no interval). For classes ``label`` is the class, ``value`` its probability and ``probabilities``
    that of every class, 0 to 1; ``threshold`` is the probability from which a binary model says positive. ``not_sure``:
    a human should decide, since the record is ``outside`` what the model has seen, for these ``reasons``, or since the
    positive class's probability lies from ``unsure_from`` to below ``unsure_to`` (None where the version has no such
    band). ``warnings`` say what was assumed: a value imputed, a category unknown, a number out of range. (A tuple,
    since thousands are made at once.)
    """

    value: float
    unit: str = ""
    label: str | None = None
    probabilities: Mapping[str, float] = NOTHING
    threshold: float | None = None
    warnings: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    not_sure: bool = False
    reasons: tuple[str, ...] = ()
    unsure_from: float | None = None
    unsure_to: float | None = None

    @property
    def outside(self) -> bool:
        """Whether the record is unlike those that the model was trained on."""
        return bool(self.reasons)

    def to_json(self) -> dict[str, Any]:
        """For programs: only what the kind of target has."""
        if self.label is None:
            said: dict[str, Any] = {"value": self.value, "unit": self.unit, "low": self.low, "high": self.high}
        else:
            said = {"label": self.label, "probability": self.value, "probabilities": dict(self.probabilities)}
            said["not_sure"] = self.not_sure
            if self.threshold is not None:
                said["threshold"] = self.threshold
            if self.unsure_from is not None:
                said |= {"unsure_from": self.unsure_from, "unsure_to": self.unsure_to}
        return said | {"outside": self.outside, "reasons": list(self.reasons), "warnings": list(self.warnings)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one record gets no prediction: ``(field, reason)`` for each thing that is wrong with it."""

    problems: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"problems": [{"field": name, "reason": reason} for name, reason in self.problems]}


Answer = Prediction | Refusal
