"""Costs are kept in cents."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

_CENT = Decimal("0.01")


def to_cents(dollars: float) -> float:
    """The nearest whole cent, in dollars; of two as near the even one, by the number as it is written: 2.675 is 2.68.

    Half to even, since always upwards would make sums of many costs too large.
    """
    return float(Decimal(repr(dollars)).quantize(_CENT, ROUND_HALF_EVEN))
