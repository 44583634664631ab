"""A secret in shares of which any ``threshold`` give it back and fewer tell nothing (Shamir, CACM 1979)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

PRIME = 2**521 - 1
"""Order of the field: a Mersenne prime with room for secrets of 32 bytes and more."""

SHARE_BYTES = 66
SECRET_BYTES = 32


def split(
    secret: bytes, threshold: int, points: Sequence[int], random: Callable[[int], int] = secrets.randbelow
) -> dict[int, bytes]:
    """Shares of 66 bytes of a secret of 32, by point: the values there of a random polynomial that is the secret at 0.

    ``points`` are different numbers from 1; ``random`` draws a number below its argument (tests fix it).
    """
    if len(secret) != SECRET_BYTES or not 1 <= threshold <= len(set(points)) or min(points) < 1:
        raise ValueError("a secret of 32 bytes, a threshold of at most the number of points, and points from 1")
    coefficients = [int.from_bytes(secret, "big"), *(random(PRIME) for _ in range(threshold - 1))]
    return {point: _at(coefficients, point).to_bytes(SHARE_BYTES, "big") for point in points}


def join(shares: Mapping[int, bytes]) -> bytes:
    """The secret behind at least ``threshold`` shares; raises ValueError where they fit no secret of 32 bytes.

    Shares that somebody changed give another secret, or this error: whoever needs to know compares with a commitment.
    """
    secret = 0
    for point, share in shares.items():
        secret += int.from_bytes(share, "big") * _lagrange_at_zero(point, shares)
    secret %= PRIME
    if secret >= 2 ** (8 * SECRET_BYTES):
        raise ValueError("the shares fit no secret of 32 bytes")
    return secret.to_bytes(SECRET_BYTES, "big")


def _at(coefficients: Sequence[int], point: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * point + coefficient) % PRIME
    return value


def _lagrange_at_zero(point: int, points: Mapping[int, bytes]) -> int:
    """The weight of the value at ``point`` in the value at 0 of the polynomial through all ``points``."""
    above, below = 1, 1
    for other in points:
        if other != point:
            above = above * other % PRIME
            below = below * (other - point) % PRIME
    return above * pow(below, -1, PRIME) % PRIME
