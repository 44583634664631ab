"""No answer is trusted: each is checked before it can touch the global weights, and a bad one is dropped by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.update import BLOCK, ModelUpdate, Vector

# No hospital has this many rows; a count above it is a mistake or an attempt to outweigh everybody else.
MOST_ROWS = 100_000_000


def usable_updates(
    answers: Sequence[Answer], current: Vector, announced: Mapping[str, int], outlier_factor: float
) -> tuple[list[ModelUpdate], dict[str, str]]:
    """The updates that may be aggregated, sorted by institution, and why each of the others is dropped.

    ``announced`` are the training rows each institution told in round 0: an update cannot claim more.
    ``outlier_factor``: an update further from ``current`` than this many times the median distance is dropped.
    """
    dropped: dict[str, str] = {}
    moved: dict[str, tuple[ModelUpdate, float]] = {}
    for answer in sorted(answers, key=lambda answer: answer.institution):
        name, distance = answer.institution, _distance(answer.vector, current)
        reason = answer.error or _fault(answer, current, announced.get(name, MOST_ROWS), distance)
        if reason is None and answer.vector is not None:
            moved[name] = ModelUpdate(name, answer.vector, answer.examples, {"loss": answer.loss}), distance
        else:
            dropped[name] = reason or "no weights in the answer"
    return _without_outliers(moved, outlier_factor, dropped), dropped


def usable_sums(answers: Sequence[Answer], size: int) -> tuple[dict[str, Sums], dict[str, str]]:
    """The additive sums that may be added up, by institution, and why each of the others is dropped."""
    sums: dict[str, Sums] = {}
    dropped: dict[str, str] = {}
    for answer in sorted(answers, key=lambda answer: answer.institution):
        reason = answer.error or _sums_fault(answer.sums, size)
        if reason is None and answer.sums is not None:
            sums[answer.institution] = answer.sums
        else:
            dropped[answer.institution] = reason or "no sums in the answer"
    return sums, dropped


def _distance(vector: Vector | None, current: Vector) -> float:
    """Euclidean distance of the weights to the global ones; NaN or infinity if any weight is so, or none fits."""
    if vector is None or vector.shape != current.shape or vector.dtype != current.dtype:
        return float("nan")
    squares = 0.0
    for start in range(0, len(current), BLOCK):
        way = (vector[start : start + BLOCK] - current[start : start + BLOCK]).astype(np.float64)
        squares += float(np.square(way, out=way).sum())  # A BLAS product would wake threads for so few numbers.
    return float(np.sqrt(squares))


def _fault(answer: Answer, current: Vector, announced: int, distance: float) -> str | None:
    if answer.vector is None:
        return "no weights in the answer"
    if answer.vector.shape != current.shape:
        return f"weights of shape {answer.vector.shape} where {current.shape} belongs"
    if not np.isfinite(distance):
        return "weights hold NaN or infinity"
    if answer.examples < 1:
        return f"{answer.examples} training rows claimed"
    if answer.examples > min(announced, MOST_ROWS):
        return f"{answer.examples} training rows claimed where {announced} were announced"
    return None


def _sums_fault(sums: Sums | None, size: int) -> str | None:
    if sums is None:
        return "no sums in the answer"
    if sums.shape != (size,):
        return f"sums of shape {sums.shape} where ({size},) belongs"
    if not np.isfinite(sums).all():
        return "sums hold NaN or infinity"
    return None


def _without_outliers(
    moved: Mapping[str, tuple[ModelUpdate, float]], factor: float, dropped: dict[str, str]
) -> list[ModelUpdate]:
    updates = [update for update, _ in moved.values()]
    if len(updates) < 3:  # A median of two distances cannot tell which of them is the odd one.
        return updates
    median = float(np.median([distance for _, distance in moved.values()]))
    kept = []
    for update, distance in moved.values():
        if 0 < factor * median < distance:
            dropped[update.institution] = f"its update moved {distance:.3g} where the round's median is {median:.3g}"
        else:
            kept.append(update)
    return kept
