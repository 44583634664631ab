"""A model's outputs to predictions: units, intervals, calibrated probabilities, classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt

from fedcare.data.preprocessing import Preprocessing
from fedcare.serving.answers import NOTHING, Prediction, Refusal
from fedcare.serving.patient_row import PatientRow
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration
from fedcare.training.intervals import Intervals
from fedcare.training.probabilities import Probabilities
from fedcare.training.residuals import groupings

Floats = npt.NDArray[np.float64]
Outputs = npt.NDArray[np.float32]
NO_LIMIT = float("inf")
Odd = PatientRow | Refusal


@dataclass(frozen=True)
class Words:
    """Predictions of many rows as columns: ``values``, and for a number ``lows`` and ``highs`` (NaN for no interval).

    ``probabilities`` has the shape ``(rows, classes)``; it is empty for a number.
    """

    values: Floats
    lows: Floats
    highs: Floats
    probabilities: Floats


class Wording:
    """Turns outputs into predictions of one version."""

    def __init__(
        self, task: Task, preprocessing: Preprocessing, threshold: float, calibration: Calibration | None
    ) -> None:
        self._target = task.records.target
        self._mean, self._scale = float(preprocessing.target_mean), float(preprocessing.target_scale)
        self._least = -NO_LIMIT if self._target.minimum is None else self._target.minimum
        self._most = NO_LIMIT if self._target.maximum is None else self._target.maximum
        self._line = calibration if isinstance(calibration, Probabilities) else None
        self._band = (None, None) if self._line is None else (self._line.low, self._line.high)
        self.threshold = threshold if self._line is None else self._line.of_probability(threshold)
        intervals = calibration if isinstance(calibration, Intervals) else None
        found = [each for each in groupings(task.records) if intervals and each.feature == intervals.feature]
        self._columns = found[0].columns if found else slice(0, 1)
        self._halves = _halves(intervals, found[0].categories if found else ("",))

    def one(
        self,
        outputs: Outputs,
        inputs: Outputs,
        institution: str | None,
        warnings: tuple[str, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> Prediction:
        """The prediction of one row, from its outputs and, for a number, the inputs that gave them."""
        if self._target.kind != "regression":
            return self._class(self._probabilities(outputs[np.newaxis])[0].tolist(), warnings, reasons)
        value = float(outputs[0]) * self._scale + self._mean
        halves = self._halves_at(institution)
        half = halves[int(inputs[self._columns].argmax()) if len(halves) > 1 else 0]
        if half == NO_LIMIT:
            return self._number(value, None, None, warnings, reasons)
        least, most = self._least, self._most
        low, high = min(max(value - half, least), most), min(max(value + half, least), most)
        return self._number(value, low, high, warnings, reasons)

    def many(self, outputs: Outputs, inputs: Outputs, institution: str | None) -> Words:
        """The predictions of many rows as columns; for two classes ``values`` are those of the positive one."""
        rows = len(outputs)
        nothing = np.full(rows, np.nan)
        if self._target.kind != "regression":
            probabilities = self._probabilities(outputs)
            chosen = probabilities[:, 1] if self._target.kind == "binary" else probabilities.max(axis=1)
            return Words(chosen, nothing, nothing, probabilities)
        values = outputs[:, 0].astype(np.float64) * self._scale + self._mean
        halves = np.array(self._halves_at(institution))
        half = halves[inputs[:, self._columns].argmax(axis=1) if len(halves) > 1 else np.zeros(rows, dtype=np.int64)]
        half = np.where(np.isinf(half), np.nan, half)
        low, high = (np.clip(end, self._least, self._most) for end in (values - half, values + half))
        return Words(values, low, high, np.empty((rows, 0)))

    def all_spoken(self, words: Words, odd: Mapping[int, Odd]) -> Iterator[Prediction | Refusal]:
        """All of them in turn, ``odd`` being what is to be said of some."""
        if self._target.kind == "regression":
            lows, highs = ([None if isnan(end) else end for end in ends.tolist()] for ends in (words.lows, words.highs))
            said = (self._number(*each, (), ()) for each in zip(words.values.tolist(), lows, highs, strict=True))
        else:
            said = (self._class(each, (), ()) for each in words.probabilities.tolist())
        for place, prediction in enumerate(said):
            other = odd.get(place)
            if other is None:
                yield prediction
            else:
                yield other if isinstance(other, Refusal) else self.spoken(words, place, other.warnings, other.reasons)

    def spoken(
        self, words: Words, place: int, warnings: tuple[str, ...] = (), reasons: tuple[str, ...] = ()
    ) -> Prediction:
        """One of many as a prediction."""
        if self._target.kind != "regression":
            return self._class(words.probabilities[place].tolist(), warnings, reasons)
        low, high = float(words.lows[place]), float(words.highs[place])
        if isnan(low):
            return self._number(float(words.values[place]), None, None, warnings, reasons)
        return self._number(float(words.values[place]), low, high, warnings, reasons)

    def explained(self, outputs: Outputs, label: str | None) -> Floats:
        """What an explanation adds up to, by row: the number in its unit, or the probability of a class.

        Of two classes it is the positive one, whichever was predicted.
        """
        if self._target.kind == "regression":
            return outputs[:, 0].astype(np.float64) * self._scale + self._mean
        place = 1 if self._target.kind == "binary" else self._target.classes.index(label or self._target.classes[0])
        return self._probabilities(outputs)[:, place]

    def _number(
        self, value: float, low: float | None, high: float | None, warnings: tuple[str, ...], reasons: tuple[str, ...]
    ) -> Prediction:
        if not self._least <= value <= self._most:
            name = self._target.name
            said = f"the prediction is a value that {name} cannot have: the record is unlike the training rows"
            warnings, reasons = (*warnings, said), (*reasons, said)
        return Prediction(value, self._target.unit, None, NOTHING, None, warnings, low, high, False, reasons)

    def _class(self, probabilities: Sequence[float], warnings: tuple[str, ...], reasons: tuple[str, ...]) -> Prediction:
        classes = self._target.classes
        by_class = dict(zip(classes, probabilities, strict=True))
        # Whatever the probability: of what the model has not seen it knows nothing.
        threshold, not_sure, band = None, bool(reasons), self._band
        if self._target.kind == "binary":
            threshold = self.threshold
            chosen = int(probabilities[1] >= threshold)
            not_sure = not_sure or (self._line is not None and self._line.unsure(probabilities[1]))
        else:
            chosen = max(range(len(classes)), key=lambda place: probabilities[place])
        value, label = probabilities[chosen], classes[chosen]
        return Prediction(value, "", label, by_class, threshold, warnings, None, None, not_sure, reasons, *band)

    def _probabilities(self, outputs: Outputs) -> Floats:
        logits = outputs.astype(np.float64)
        if self._line is not None:
            odds = self._line.slope * (logits[:, 1] - logits[:, 0]) + self._line.intercept
            logits = np.stack([np.zeros_like(odds), odds], axis=1)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def _halves_at(self, institution: str | None) -> tuple[float, ...]:
        return self._halves.get(institution) or self._halves[None]


def _halves(intervals: Intervals | None, categories: Sequence[str]) -> dict[str | None, tuple[float, ...]]:
    """Half widths by category, for each institution that has its own and under None for all others."""
    if intervals is None:
        return {None: (NO_LIMIT,)}
    found: dict[str | None, tuple[float, ...]] = {}
    for name in (None, *intervals.institutions):
        halves = (intervals.half(category, name) for category in categories)
        found[name] = tuple(NO_LIMIT if half is None else half for half in halves)
    return found
