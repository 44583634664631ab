"""Whole numbers from shares, and strata from targets: the arithmetic that partition and split have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fedcare.data.schema import Kind

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

STRATA_OF_A_NUMBER = 10


def apportion(shares: npt.ArrayLike, total: int) -> Integers:
    """Divide ``total`` in proportion to ``shares`` into whole numbers that add up to it (largest remainder).

    No part differs by one or more from its exact share, and ties go to the earlier part.
    """
    weights = np.asarray(shares, dtype=np.float64)
    exact = weights / weights.sum() * total
    parts: Integers = np.floor(exact + 1e-9).astype(np.int64)
    by_remainder = np.argsort(parts - exact, kind="stable")
    parts[by_remainder[: total - int(parts.sum())]] += 1
    return parts


def strata(target: Floats, kind: Kind) -> Integers:
    """What rows are kept in proportion by, shape ``(rows,)``: the class, or the decile of a number."""
    if kind != "regression":
        return target.astype(np.int64)
    inner = np.linspace(0.0, 1.0, STRATA_OF_A_NUMBER + 1)[1:-1]
    return np.searchsorted(np.quantile(target, inner), target, side="right").astype(np.int64)
