"""Real numbers as whole numbers of a ring, in which sums are exact and do not depend on the order.

Two rings. Movements of weights are numbers of 32 bits (``to_ring``, ``from_ring``): as many bytes as float32. Counts
and sums are numbers of 192 bits (``to_wide``, ``from_wide``), which hold any float64 that occurs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fedcare.errors import SecureSumFailed
from fedcare.update import BLOCK, Vector

Ring = npt.NDArray[np.uint32]
Wide = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

MOST_MEMBERS = 1024
"""Institutions in one sum at most: for so many, no sum can overflow."""

ROOM = 2
"""Rows that a sum of movements has room for, in multiples of those announced in round 0: somebody may join later."""

# -- movements of weights, 32 bits ------------------------------------------------------------------------------------


def scale_of(bound: float) -> float:
    """Steps of the ring for each unit of a movement.

    Members' shares of the rows add up to 1 at most, so the weighted sum of movements within ``bound`` stays within
    ``bound``; the rest of the ring, 1024 steps, is for what rounding adds.
    """
    return (2**31 - 1 - MOST_MEMBERS) / bound


def to_ring(movement: Vector, share: float, bound: float, rounding: np.random.Generator | None = None) -> Ring:
    """``share`` times the movement in steps of ``bound`` / 2^31, two's complement, shape ``(parameters,)``.

    ``share`` is this institution's of all rows, 0 to 1. The nearest step is taken, or with ``rounding`` one of both by
    chance, so that the mean is kept. Each institution thus adds an error of at most half a step (one with
    ``rounding``) to an entry of the weighted sum. In the mean of n institutions whose shares add up to one half, as
    ``ROOM`` has it, that is at most n * bound / 2^31: 1.5e-7 with five institutions and a bound of 64.
    Raises SecureSumFailed for an entry beyond the bound, or one that is no number: never a silent overflow.
    """
    if not 0.0 <= share <= 1.0:
        raise SecureSumFailed(reason="this institution has more rows than all were said to have together")
    steps = np.float64(scale_of(bound) * share)
    ring = np.empty(movement.shape, dtype=np.uint32)
    for start in range(0, len(movement), BLOCK):
        block = movement[start : start + BLOCK]
        if not np.abs(block).max(initial=0.0) <= bound:
            raise SecureSumFailed(reason=f"a weight moved by more than the plan's bound of {bound:g}, or to no number")
        exact = block * steps
        whole = np.rint(exact) if rounding is None else np.floor(exact + rounding.random(len(block)))
        ring[start : start + BLOCK] = whole.astype(np.int64).astype(np.uint32)
    return ring


def from_ring(total: Ring, share: float, bound: float) -> Vector:
    """The mean movement weighted by rows, from the sum of all members' numbers; ``share``: theirs of all rows."""
    mean = np.empty(total.shape, dtype=np.float32)
    step = 1.0 / (scale_of(bound) * share)
    for start in range(0, len(total), BLOCK):
        mean[start : start + BLOCK] = total[start : start + BLOCK].view(np.int32) * step
    return mean


# -- counts and sums, 192 bits ----------------------------------------------------------------------------------------

LIMBS = 3
WIDE_BYTES = 8 * LIMBS
_POINT = 80
_LIMIT = 2.0**96


def to_wide(numbers: Floats) -> Wide:
    """Numbers as multiples of 2^-80 in limbs of 64 bits, the lowest first, two's complement: shape ``(numbers, 3)``.

    Nothing is lost of a number above 2^-28 in absolute value; a smaller one is rounded by at most 2^-81.
    Raises SecureSumFailed for one of 2^96 or more, or that is no number: 1024 such sums cannot overflow.
    """
    if not np.abs(numbers).max(initial=0.0) < _LIMIT:
        raise SecureSumFailed(reason="a sum is too great to be added up exactly, or no number")
    rest = np.rint(np.abs(numbers) * 2.0**_POINT)
    limbs = np.empty((len(numbers), LIMBS), dtype=np.uint64)
    for place in reversed(range(LIMBS)):
        unit = 2.0 ** (64 * place)
        whole = np.floor(rest / unit)
        rest -= whole * unit  # Exact: what is left are lower digits of the same number.
        limbs[:, place] = whole.astype(np.uint64)
    negative = np.signbit(numbers)
    limbs[negative] = negated(limbs[negative])
    return limbs


def from_wide(limbs: Wide) -> Floats:
    """The numbers; whole ones up to 2^53 exactly, others to the last digit or the one before."""
    negative = limbs[:, -1] >> np.uint64(63) == 1
    size = np.where(negative[:, None], negated(limbs), limbs)
    value = np.zeros(len(limbs))
    for place in range(LIMBS):
        value += size[:, place].astype(np.float64) * 2.0 ** (64 * place - _POINT)
    return np.where(negative, -value, value)


def add(total: Wide, more: Wide) -> None:
    """Add ``more`` to ``total``, limb by limb with carry."""
    carry = np.zeros(len(total), dtype=np.uint64)
    for place in range(LIMBS):
        before = total[:, place] + carry
        carry = (before < carry).astype(np.uint64)
        total[:, place] = before + more[:, place]
        carry |= (total[:, place] < more[:, place]).astype(np.uint64)


def negated(limbs: Wide) -> Wide:
    """The numbers with the opposite sign."""
    turned: Wide = ~limbs
    one = np.zeros_like(turned)
    one[:, 0] = 1
    add(turned, one)
    return turned
