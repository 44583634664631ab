"""What is added up as whole numbers that encryption can carry: small enough, and added without carry.

A number of 192 bits is eight digits of 24; a weight's of 32 is one number with its sign.
"""

from __future__ import annotations

import numpy as np

from fedcare.errors import SecureSumFailed
from fedcare.privacy.homomorphic import MOST, Whole
from fedcare.privacy.secure_sum.fixed_point import LIMBS, WIDE_BYTES, Ring, Wide
from fedcare.privacy.secure_sum.masks import Masked

_BYTES = 3
_BASE = 1 << 8 * _BYTES
DIGITS = WIDE_BYTES // _BYTES

MOST_MEMBERS = MOST // _BASE
"""Institutions in one sum at most: 128, whose digits add up to no more than encryption can carry."""


def to_whole(answer: Masked) -> Whole:
    """Digits of the wide numbers, lowest first, then the ring's: shape ``(numbers,)``."""
    parts = answer.wide.astype("<u8").reshape(-1).view(np.uint8).reshape(-1, _BYTES).astype(np.int64)
    digits = parts @ (1 << 8 * np.arange(_BYTES, dtype=np.int64))
    return np.concatenate([digits, answer.ring.view(np.int32).astype(np.int64)])


def from_whole(sums: Whole, wide: int, parameters: int) -> Masked:
    """The total of so many wide numbers and weights, from the sums of the members' digits.

    The same bits as a sum of ``Masked``. Raises SecureSumFailed for a number of sums that fits no such answer.
    """
    if len(sums) != wide * DIGITS + parameters:
        raise SecureSumFailed(reason="institutions answered with different numbers of sums or weights")
    return Masked(_carried(sums[: wide * DIGITS].reshape(-1, DIGITS)), _ring(sums[wide * DIGITS :]))


def _carried(sums: Whole) -> Wide:
    digits, carry = np.empty(sums.shape, dtype="<u4"), np.zeros(len(sums), dtype=np.int64)
    for place in range(DIGITS):
        carry += sums[:, place]
        digits[:, place] = carry & (_BASE - 1)
        carry >>= 8 * _BYTES
    parts = np.ascontiguousarray(digits.reshape(-1, 1).view(np.uint8)[:, :_BYTES])
    return parts.reshape(-1).view("<u8").reshape(-1, LIMBS).astype(np.uint64)


def _ring(sums: Whole) -> Ring:
    return sums.astype(np.uint32)
