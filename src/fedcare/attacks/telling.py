"""How well a score tells members from others: the figures that attacks on membership are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Carlini et al. (S&P 2022): an attack that is right about few and sure of them is what a patient has to fear.
FEW = 0.01
POINTS = 101


@dataclass(frozen=True)
class Telling:
    """``auc``: chance that a member's score is above another record's, half for guessing; ``error`` its standard error.

    ``tpr``: share of members found at a false alarm for one in a hundred others. ``curve``: false and true positive
    rates at which it can work.
    """

    auc: float
    error: float
    tpr: float
    curve: tuple[Floats, Floats]


def tell(scores: Floats, members: Flags) -> Telling:
    """How well high ``scores`` mark ``members``; there must be some of each."""
    auc = float(roc_auc_score(members, scores))
    false, true, _ = roc_curve(members, scores, drop_intermediate=False)
    few = float(true[false <= FEW].max(initial=0.0))
    places = np.linspace(0.0, 1.0, POINTS)
    return Telling(auc, _error(auc, members), few, (places, np.interp(places, false, true)))


def _error(auc: float, members: Flags) -> float:
    """Standard error of an AUC (Hanley and McNeil, Radiology 1982)."""
    inside, outside = int(members.sum()), int((~members).sum())
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (inside - 1) * (first - auc**2) + (outside - 1) * (second - auc**2)
    return sqrt(max(spread, 0.0) / (inside * outside))
