"""No answer is trusted: each is checked before it can touch the global weights, and a bad one is dropped by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.update import ModelUpdate, Vector

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
    updates: list[ModelUpdate] = []
    for answer in sorted(answers, key=lambda answer: answer.institution):
        reason = answer.error or _fault(answer, current, announced.get(answer.institution, MOST_ROWS))
        if reason is None and answer.vector is not None:
            updates.append(ModelUpdate(answer.institution, answer.vector, answer.examples, {"loss": answer.loss}))
        else:
            dropped[answer.institution] = reason or "no weights in the answer"
    return _without_outliers(updates, current, outlier_factor, dropped), dropped


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


def _fault(answer: Answer, current: Vector, announced: int) -> str | None:
    if answer.vector is None:
        return "no weights in the answer"
    if answer.vector.shape != current.shape:
        return f"weights of shape {answer.vector.shape} where {current.shape} belongs"
    if not np.isfinite(answer.vector).all():
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
    updates: list[ModelUpdate], current: Vector, factor: float, dropped: dict[str, str]
) -> list[ModelUpdate]:
    if len(updates) < 3:  # A median of two distances cannot tell which of them is the odd one.
        return updates
    distances = [float(np.linalg.norm(update.vector - current)) for update in updates]
    limit = factor * float(np.median(distances))
    kept = []
    for update, distance in zip(updates, distances, strict=True):
        if limit > 0 and distance > limit:
            dropped[update.institution] = (
                f"its update moved {distance:.3g} where the round's median is {limit / factor:.3g}"
            )
        else:
            kept.append(update)
    return kept
