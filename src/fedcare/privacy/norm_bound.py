"""How far one institution may move the weights: shortened where the records are, checked wherever a movement is seen.

The bound caps what a poisoned update can do in one round (Sun et al., "Can You Really Backdoor Federated Learning?",
2019). It needs no single update to be seen: a mean of movements within the bound lies within the bound, so the mean of
a masked group is checked against the same number. A member that leaves its own half out is caught by the check where
its update is seen, and inside a group where it moves the group's mean beyond the bound.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fedcare.update import BLOCK, Vector

# A movement of exactly the bound may come out a little longer after rounding to float32 on either side.
SLACK = 1.01


def distance(vector: Vector, current: Vector) -> float:
    """Euclidean distance of two sets of weights; NaN or infinity if any weight is so.

    Both have shape ``(parameters,)`` and type float32.
    """
    return float(np.sqrt(sum(_squares(vector[block] - current[block]) for block in _blocks(len(current)))))


def norm(movement: Vector) -> float:
    """Euclidean norm of a movement, shape ``(parameters,)``; NaN or infinity if any entry is so."""
    return float(np.sqrt(sum(_squares(movement[block]) for block in _blocks(len(movement)))))


def _squares(part: Vector) -> float:
    way = part.astype(np.float64)
    return float(np.square(way, out=way).sum())  # A BLAS product would wake threads for so few numbers.


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


# -- at the institution -----------------------------------------------------------------------------------------------


def shortened(movement: Vector, bound: float | None) -> Vector:
    """The movement, in its own direction no longer than ``bound``; as it is without a bound, or where it is no number.

    Shortening is towards the global weights, so batch norm's running variances stay above zero.
    """
    if bound is None or not (length := norm(movement)) > bound or not np.isfinite(length):
        return movement
    return movement * np.float32(bound / length)


# -- at the coordinator -----------------------------------------------------------------------------------------------


def beyond(length: float, bound: float | None) -> str | None:
    """Why an update that moved ``length`` is dropped; None where it keeps to the bound."""
    if bound is None or length <= SLACK * bound:
        return None
    return f"its update moved {length:.3g} where the plan's bound is {bound:.3g}"
