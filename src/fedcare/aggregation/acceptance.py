"""Whether a round's weights are kept: the institutions judge them on their own validation rows.

A rule for updates sees only how far they lie from one another; this one sees what the weights do to patients that no
update was trained on (as in Cao et al., FLTrust, NDSS 2021, but judged by the institutions, since the coordinator has
no rows). It is the median institution that counts, so that fewer than half of them can neither wave a harmful round
through nor stop a good one, whatever they say of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from fedcare.aggregation.judging import Judgement

# Each part that is left out by way of trial costs an evaluation, which must not grow with the number of institutions.
PARTS = 5
# Shares that an update may make up of the bounded loss and of the loss. Without an honest hospital's the bounded loss
# of chest X-rays fell by .05 at most at the median one, and by .08 of a masked group; without an attacker's that had
# its labels flipped by .2 to .47 before training ended, and by .14 to .27. The loss fell by .17 at most, and by .31 to
# .43.
MOST_BOUNDED_LOSS, MOST_LOSS = 0.1, 0.25
# Of a masked group with a suspect in it less is enough: without that of an attacker that turned its movement round the
# bounded loss of chest X-rays fell by .62 in the first round, and in most of those from the fourth on by .06 to .16.
MOST_OF_SUSPECTS = 0.03
# By how much the bounded loss has to rise without a masked group to speak for its members.
LEAST_HELP = 0.05
# Bounded losses below this are those of a few rows, and shares of them chance: all of them count as equal.
LEAST_BOUNDED_LOSS = 0.03


class Judged(Protocol):
    """Figures of one set of weights: pooled, and by institution where these are known."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Over all rows."""
        ...

    @property
    def institutions(self) -> Mapping[str, Mapping[str, float]]:
        """By institution; empty where only sums are known."""
        ...


def gain(old: Judged, new: Judged, metric: str, higher: bool, unable: Collection[str] = ()) -> float | None:
    """By how much ``metric`` became better from ``old`` to ``new`` at the median institution; None where nobody knows.

    Figures of which more is better are compared by their difference; errors and losses, which have no scale of their
    own, by its share of the old figure. Institutions with a figure in both count. Those in ``unable`` were asked and
    gave no figures that can be used, as where the weights end in NaN: to them it fell without limit. Where no
    institution's own figures are known, under secure aggregation, it is the pooled figure's gain.
    """
    gains = []
    for name, figures in old.institutions.items():
        if metric in figures and name in unable:
            gains.append(-np.inf)
        elif metric in figures and metric in new.institutions.get(name, {}):
            gains.append(_gain(figures[metric], new.institutions[name][metric], higher))
    if gains:
        return float(np.median(gains))
    if metric in old.metrics and metric in new.metrics:
        return _gain(old.metrics[metric], new.metrics[metric], higher)
    return None


def _gain(old: float, new: float, higher: bool) -> float:
    return new - old if higher else (old - new) / max(abs(old), np.finfo(np.float64).tiny)


def weighs_on(whole: Judgement, rest: Judgement, most: float = MOST_BOUNDED_LOSS) -> float:
    """How much more of the loss falls away from ``whole`` to ``rest`` than an honest update makes up; 0 if it does not.

    ``most``: the share of the bounded loss that an honest one may make up.

    Of the median institution both are looked at. In the bounded loss no row counts for much: neither rows with wrong
    labels, nor those few of which weights are wrongly sure. In the loss just these count, which a trigger makes. Where
    only sums are known it is the bounded loss of all rows, in which a member with wrong labels weighs no more than its
    share of the rows.
    """
    bounded = gain(_bounded(whole), _bounded(rest), "loss", False)
    own = gain(whole, rest, "loss", False) if whole.institutions else None
    return max(0.0, (bounded or 0.0) - most, (own or 0.0) - MOST_LOSS)


def speaks_for(whole: Judgement, rest: Judgement) -> bool:
    """Whether ``rest`` is so much worse than ``whole`` in the bounded loss that it speaks for the update it lacks.

    Numbers have no bounded loss; of them nothing speaks against it.
    """
    bounded = gain(_bounded(whole), _bounded(rest), "loss", False)
    return bounded is None or bounded < -LEAST_HELP


def _bounded(of: Judgement) -> Judgement:
    """The bounded losses of a judgement in the place of its figures."""
    pooled = {} if of.bounded_loss is None else {"loss": max(of.bounded_loss, LEAST_BOUNDED_LOSS)}
    own = {name: {"loss": max(loss, LEAST_BOUNDED_LOSS)} for name, loss in of.bounded_losses.items()}
    return replace(of, metrics=pooled, institutions=own)


def refusal(gained: float | None, metric: str, tolerance: float) -> str | None:
    """Why a round is rolled back; None where it may stand."""
    if gained is None or gained >= -tolerance:
        return None
    if np.isinf(gained):
        return "most institutions could not evaluate its weights"
    return f"its {metric} is worse by {-gained:.3g} at the median institution, where the plan allows {tolerance:g}"


def parts(updates: int, seed: int) -> list[list[int]]:
    """Places of the updates in at most five parts, by chance: one update each where there are no more."""
    order = np.random.default_rng(seed).permutation(updates)
    return [part.tolist() for part in np.array_split(order, min(PARTS, updates))]
