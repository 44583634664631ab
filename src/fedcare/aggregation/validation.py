"""No answer is trusted: each is checked before it can touch the global weights, and a bad one is dropped by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer, Sums
from fedcare.privacy.norm_bound import beyond, distance
from fedcare.privacy.secure_sum.fixed_point import ROOM
from fedcare.update import ModelUpdate, Vector

GROUP_MEAN = "the mean of its masked group"

# No hospital has this many rows; a count above it is a mistake or an attempt to outweigh everybody else.
MOST_ROWS = 100_000_000


def usable_updates(
    answers: Sequence[Answer],
    current: Vector,
    announced: Mapping[str, int],
    outlier_factor: float,
    norm_bound: float | None = None,
) -> tuple[list[ModelUpdate], dict[str, str]]:
    """The updates that may be aggregated, sorted by institution, and why each of the others is dropped.

    ``announced`` are the training rows each institution told in round 0: an update cannot claim more.
    ``outlier_factor``: an update further from ``current`` than this many times the median distance is dropped, and so
    is one that moved further than ``norm_bound``. A masked group is kept or dropped as a whole, with all its members.
    """
    dropped: dict[str, str] = {}
    moved: dict[str, tuple[ModelUpdate, float]] = {}
    for answer in sorted(answers, key=lambda answer: answer.institution):
        length = _distance(answer.vector, current)
        reason = answer.error or _fault(answer, current, _announced(answer, announced), length)
        reason = reason or beyond(length, norm_bound)
        if reason is None and answer.vector is not None:
            told = {"loss": answer.loss}
            update = ModelUpdate(answer.institution, answer.vector, answer.examples, told, answer.members)
            moved[answer.institution] = update, length
        else:
            _drop(dropped, answer.members or (answer.institution,), reason or "no weights in the answer")
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


def _drop(dropped: dict[str, str], names: Sequence[str], reason: str) -> None:
    dropped.update(dict.fromkeys(names, reason if len(names) == 1 else f"{GROUP_MEAN}: {reason}"))


def _announced(answer: Answer, announced: Mapping[str, int]) -> int:
    """Most training rows that an answer may claim; of a group whose members' rows are secret, all that there are, and
    as many again: somebody who missed round 0 may have joined.
    """
    if not answer.members:
        return announced.get(answer.institution, MOST_ROWS)
    if all(name in announced for name in answer.members):
        return sum(announced[name] for name in answer.members)
    return ROOM * sum(announced.values()) or MOST_ROWS


def _distance(vector: Vector | None, current: Vector) -> float:
    """How far the weights moved; NaN or infinity if any weight is so, or none fits."""
    if vector is None or vector.shape != current.shape or vector.dtype != current.dtype:
        return float("nan")
    return distance(vector, current)


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
    median = float(np.median([length for _, length in moved.values()]))
    kept = []
    for update, length in moved.values():
        if 0 < factor * median < length:
            reason = f"its update moved {length:.3g} where the round's median is {median:.3g}"
            _drop(dropped, update.members or (update.institution,), reason)
        else:
            kept.append(update)
    return kept
