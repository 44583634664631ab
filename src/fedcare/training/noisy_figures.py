"""Metrics of noisy sums, and how far the noise alone may have moved each.

The deviation of the noise is public, so whoever holds the sums can draw as much noise again and see how far the figures
move: a parametric bootstrap (Efron and Tibshirani, 1993, section 6.5). The interval is for what the same sums without
noise would have told. It says nothing of chance in which rows judge, nor of what clipping and few cells lose.
"""

from __future__ import annotations

from math import inf

import numpy as np

from fedcare.data.schema import Kind
from fedcare.training import metrics
from fedcare.training.metrics import Floats
from fedcare.training.noisy_sums import expanded

DRAWS, LEVEL = 400, 0.95
# What each metric can be at all: noise may push it beyond.
_LIMITS = {
    **dict.fromkeys(("accuracy", "sensitivity", "specificity", "auc"), (0.0, 1.0)),
    **dict.fromkeys(("loss", "brier", "mse", "mae"), (0.0, inf)),
    "r2": (-inf, 1.0),
}

Interval = tuple[float, float]


def figures(kind: Kind, classes: int, noisy: Floats, threshold: float, mean: float, scale: float) -> dict[str, float]:
    """The metrics of noisy sums, within what they can be; none where the noise left no rows.

    ``mean`` and ``scale``: the target's declared ones, which numbers are standardised by.
    """
    sums = expanded(kind, classes, noisy, mean, scale)
    if sums[0] <= 0.0:
        return {}
    found = metrics.metrics(kind, classes, sums, threshold)
    return {name: float(np.clip(value, *_LIMITS[name])) for name, value in found.items()}


def intervals(
    kind: Kind, classes: int, noisy: Floats, deviation: float, threshold: float, mean: float, scale: float
) -> dict[str, Interval | None]:
    """Of each metric the interval that holds its value without noise in 95 of 100 runs, from the noise's ``deviation``.

    None where so much noise leaves a figure undefined in more draws than the interval may miss: then it says nothing.
    """
    half = np.random.default_rng(0).normal(scale=deviation, size=(DRAWS // 2, len(noisy)))
    # Each dose with its opposite: few draws then lean to neither side.
    drawn = noisy + np.concatenate([half, -half])
    found = [figures(kind, classes, each, threshold, mean, scale) for each in drawn]
    names = figures(kind, classes, noisy, threshold, mean, scale)
    return {name: _interval([each[name] for each in found if name in each]) for name in names}


def _interval(values: list[float]) -> Interval | None:
    outside = (1.0 - LEVEL) / 2.0
    if len(values) < (1.0 - outside) * DRAWS:
        return None
    low, high = np.quantile(values, [outside, 1.0 - outside])
    return float(low), float(high)
