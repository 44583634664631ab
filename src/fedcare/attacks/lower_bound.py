"""From right guesses in one run to a lower bound on epsilon.

Auditing with one run is of Steinke, Nasr and Jagielski (NeurIPS 2023); the bound here is that of Mahloujifar, Melis and
Chaudhuri (ICML 2025, theorem 3.2 and algorithm 3), which takes a mechanism's whole trade-off curve and is the tighter
one. Each of ``m`` canaries is put in by the throw of a fair coin. Call R(j) the chance that a canary drawn at random is
guessed right while at least j are right in all, and H(j) the same for guessed wrong. Turning that canary's coin turns
the one event into the other with one right guess fewer, so the curve ties H(j - 1) to R(j); from the number of right
guesses downwards this adds up chances, and where they exceed what there is, the curve is refuted.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from statistics import NormalDist

from fedcare.privacy.accounting import Use, epsilon

Curve = Callable[[float], float]
"""The least chance of an event without the record, given its chance with it."""

# Bisection ends at this width; no number of guesses that anybody makes proves as much as the greatest.
WIDTH, GREATEST = 1e-3, 64.0
NORMAL = NormalDist()


def any_mechanism(canaries: int, guesses: int, right: int, delta: float, confidence: float) -> float:
    """The greatest epsilon at ``delta`` that is refuted, whatever the mechanism: 0 where none is.

    ``canaries`` were put in by coins and it was guessed of ``guesses`` of them which way their coin fell. A mechanism
    that keeps its epsilon is accused in at most 1 - ``confidence`` of all audits.
    """

    def curve(level: float) -> Curve:
        odds = exp(level)
        return lambda chance: max(0.0, (chance - delta) / odds, 1.0 - delta - odds * (1.0 - chance))

    return _greatest(curve, canaries, guesses, right, confidence)


def gaussian(canaries: int, guesses: int, right: int, delta: float, confidence: float) -> float:
    """The same for what DP-SGD promises to be, Gaussian noise on what each record adds.

    A Gaussian mechanism that lets as much be guessed has at least this epsilon at ``delta``. It says far more than
    ``any_mechanism`` does: an arbitrary mechanism may give a record away at odds of exp(epsilon), while Gaussian noise
    of the same epsilon gives it away at far lower odds most of the time (Dong, Roth and Su, JRSS B 2022).
    """

    def curve(mean: float) -> Curve:
        return lambda chance: NORMAL.cdf(NORMAL.inv_cdf(chance) - mean) if 0.0 < chance < 1.0 else max(0.0, chance)

    mean = _greatest(curve, canaries, guesses, right, confidence)
    return epsilon([Use(noise_multiplier=1.0 / mean)], delta) if mean > 0.0 else 0.0


def _greatest(curve: Callable[[float], Curve], canaries: int, guesses: int, right: int, confidence: float) -> float:
    """The greatest level whose curve is refuted, by bisection; 0 where none is."""
    if not 0 <= right <= guesses <= canaries:
        raise ValueError(f"{right} right of {guesses} guesses about {canaries} canaries")
    low, high = 0.0, GREATEST
    if not refuted(curve(low), canaries, guesses, right, confidence):
        return 0.0
    while high - low > WIDTH:
        middle = (low + high) / 2
        if refuted(curve(middle), canaries, guesses, right, confidence):
            low = middle
        else:
            high = middle
    return low


def refuted(curve: Curve, canaries: int, guesses: int, right: int, confidence: float) -> bool:
    """Whether ``right`` or more right guesses have a chance below 1 - ``confidence`` under the curve."""
    doubt = 1.0 - confidence
    rights, wrongs = doubt * right / canaries, doubt * (guesses - right) / canaries
    for others in range(right - 1, -1, -1):
        before, wrongs = wrongs, max(wrongs, curve(rights))
        rights += others / (guesses - others) * (wrongs - before)
        # Both only grow, soon beyond what a float holds.
        if rights + wrongs > guesses / canaries:
            return True
    return False
