"""Calibrated probabilities of two classes, and where a model should rather ask: from the validation histograms.

A network is often surer than it is right. Platt's method (1999) lays a line through its log odds so that of the rows
given 80%, eighty in a hundred are positive; the histograms that an evaluation sends anyway are enough to fit it. The
same histograms give the band in which the answer is "not sure". The rows are the validation rows, which also chose the
best round, so the figures flatter a little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

from fedcare.training.metrics import MARGIN_BINS, MARGIN_EDGES, Floats, edge_of

# Of the rows that are called positive outside the band at most this share is negative, and the other way round.
ERROR = 0.05
# With fewer rows of either class a fitted line would say more about these rows than about the model.
LEAST_OF_A_CLASS = 10
STEPS = 100
MIDDLES: Floats = (MARGIN_EDGES[1:] + MARGIN_EDGES[:-1]) / 2.0


@dataclass(frozen=True)
class Probabilities:
    """Calibration of a binary model: probability of the positive class = ``1 / (1 + exp(-(slope m + intercept)))``.

    ``m`` is the model's own log odds. From ``low`` to below ``high`` (calibrated probabilities) the answer is "not
    sure"; equal numbers mean never. ``rows`` are the validation rows behind it.
    """

    rows: int
    slope: float = 1.0
    intercept: float = 0.0
    low: float = 0.5
    high: float = 0.5

    def of_margin(self, margin: float) -> float:
        """Calibrated probability of the positive class from the model's log odds."""
        odds = self.slope * margin + self.intercept
        return 1.0 / (1.0 + exp(-odds)) if odds >= 0 else exp(odds) / (1.0 + exp(odds))

    def of_probability(self, probability: float) -> float:
        """The calibrated probability that belongs to an uncalibrated one, such as a threshold."""
        inside = min(max(probability, 1e-12), 1.0 - 1e-12)
        return self.of_margin(log(inside) - log(1.0 - inside))

    def unsure(self, probability: float) -> bool:
        """Whether a calibrated probability lies in the band in which a human should be asked."""
        return self.low <= probability < self.high

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "probabilities", **vars(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Probabilities:
        """The inverse of ``to_json``."""
        numbers = {name: float(value[name]) for name in ("slope", "intercept", "low", "high")}
        return cls(rows=int(value["rows"]), **numbers)


def fit_probabilities(sums: Floats, threshold: float) -> Probabilities:
    """Calibration and band from the pooled sums of a binary evaluation (see ``metrics``).

    The band reaches from ``threshold`` down to the first cut below which at most 5% of the rows are positive, and up to
    the first above which at most 5% are negative. One imagined error is counted on each side, so a side without some
    twenty rows is not trusted; where no cut is good enough the band has no end on that side.
    """
    negatives, positives = sums[3 : 3 + 2 * MARGIN_BINS].reshape(2, MARGIN_BINS)
    slope, intercept = _line(negatives, positives)
    line = Probabilities(int(sums[0]), slope, intercept)
    cut, at = edge_of(threshold), line.of_probability(threshold)
    return Probabilities(
        line.rows,
        slope,
        intercept,
        low=min(_end(negatives, positives, line, cut, at, downwards=True), at),
        high=max(_end(negatives, positives, line, cut, at, downwards=False), at),
    )


def _end(negatives: Floats, positives: Floats, line: Probabilities, cut: int, at: float, downwards: bool) -> float:
    """Calibrated probability at the first trusted edge below (or above) the threshold's edge."""
    wrong, right = (positives, negatives) if downwards else (negatives, positives)
    if downwards:
        errors, hits = (np.concatenate([[0.0], np.cumsum(each)]) for each in (wrong, right))
        edges = np.arange(cut, 0, -1)
    else:
        errors, hits = (np.concatenate([np.cumsum(each[::-1])[::-1], [0.0]]) for each in (wrong, right))
        edges = np.arange(cut, MARGIN_BINS)
    share = (errors[edges] + 1.0) / (errors[edges] + hits[edges] + 2.0)
    good = np.flatnonzero(share <= ERROR)
    if not len(good):
        return 0.0 if downwards else 1.0
    if good[0] == 0:  # The threshold's own side is trusted as a whole: there is no band on it.
        return at
    return line.of_margin(float(MARGIN_EDGES[edges[good[0]]]))


def _line(negatives: Floats, positives: Floats) -> tuple[float, float]:
    """Slope and intercept by Newton's method with Platt's softened outcomes; the identity where rows are too few."""
    n, p = float(negatives.sum()), float(positives.sum())
    if min(n, p) < LEAST_OF_A_CLASS:
        return 1.0, 0.0
    weight = negatives + positives
    used = weight > 0
    weight, margin = weight[used], MIDDLES[used]
    # The outcome's mean in each bin, with Platt's (N + 1) / (N + 2) in place of 1 and 1 / (N + 2) in place of 0.
    outcome = (positives[used] * (p + 1.0) / (p + 2.0) + negatives[used] / (n + 2.0)) / weight
    line = np.array([1.0, 0.0])
    design = np.stack([margin, np.ones_like(margin)], axis=1)
    best = _loss(design @ line, outcome, weight)
    for _ in range(STEPS):
        chance = 0.5 * (1.0 + np.tanh(0.5 * (design @ line)))
        slope = design.T @ (weight * (chance - outcome))
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        length = 1.0
        while length > 1e-6 and _loss(design @ (line - length * step), outcome, weight) > best:
            length /= 2.0
        line = line - length * step
        now = _loss(design @ line, outcome, weight)
        if best - now < 1e-10 * weight.sum():
            break
        best = now
    # A falling line would turn the model's order around: then it is no better than chance, and stays as it is.
    return (float(line[0]), float(line[1])) if np.isfinite(line).all() and line[0] > 0 else (1.0, 0.0)


def _loss(odds: Floats, outcome: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0.0, odds) - outcome * odds))
