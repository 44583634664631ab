"""What noisy releases cost the patients together: epsilon at a given delta, under adding or removing one record.

Everything that leaves an institution under differential privacy is Gaussian noise on a sum to which one record adds at
most a known norm, over all rows or over a Poisson sample of them. Unsampled releases compose exactly into a single
Gaussian one (Dong, Roth and Su, JRSS B 2022, corollary 2), whose epsilon has a formula (Balle and Wang, ICML 2018,
theorem 8). Sampled ones are composed by their privacy loss distributions (Koskela et al., AISTATS 2020), rounded so
that the answer is never below the true value (Doroshenko et al., PoPETs 2022), with Google's dp-accounting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from math import ceil, expm1, floor, inf, log, log2, sqrt
from typing import Any

from fedcare.errors import BadSetting

# Privacy losses are rounded up to a grid: so much of the cost to be expected, and of a single step's own deviation,
# beyond which the rounding of thousands of small steps would cost more than the steps themselves. Steps smaller
# still add nothing beside what costs so much, and a grid fine enough for them would have millions of points.
OF_COST, OF_STEP, LEAST_OF_COST = 1e-3, 0.2, 1e-5
COARSEST, FINEST = 1e-2, 1e-5
# Below this noise epsilon is in the hundreds whatever the sampling, and a loss distribution would fill the memory.
LEAST_NOISE = 0.1
# Beyond this the exponential of a release's precision says nothing that the precision itself does not.
MOST_PRECISE = 100.0
# The noise for an epsilon is looked for in steps of half a percent, the same at every place that computes it.
STEP = 1.005
STEPS = range(-461, 2309)
# So many steps of the secant method; then what is left is halved.
SECANTS = 12
TINY = 1e-12


@dataclass(frozen=True, order=True)
class Use:
    """``steps`` releases of a sum plus Gaussian noise, each over a Poisson sample of the rows.

    ``noise_multiplier``: the noise's deviation over the greatest norm that one record adds to the sum.
    ``sample_rate``: the chance of each record to be in a step's sample; 1 for sums over all rows.
    """

    noise_multiplier: float
    sample_rate: float = 1.0
    steps: int = 1

    def __post_init__(self) -> None:
        if not (0.0 < self.noise_multiplier < inf and 0.0 < self.sample_rate <= 1.0 and self.steps >= 0):
            raise ValueError(f"not a use of the Gaussian mechanism: {self}")


def epsilon(uses: Iterable[Use], delta: float) -> float:
    """What all ``uses`` of the same rows cost together at ``delta``, never less than the true value; 0 for none.

    The first call that meets sampled uses takes seconds (dp-accounting is imported), an answer once given none.
    """
    if not 0.0 < delta < 1.0:
        raise ValueError(f"delta lies between 0 and 1, not at {delta}")
    return _epsilon(_merged(uses), delta)


def noise_for(target: float, delta: float, uses_of: Callable[[float], Iterable[Use]]) -> float:
    """The least noise multiplier, to half a percent, with which ``uses_of(noise multiplier)`` cost at most ``target``.

    Raises ``BadSetting`` where no noise is enough, as other releases among the uses cost too much already.
    """

    def cost(step: int) -> float:
        return epsilon(uses_of(STEP**step), delta)

    def expected(step: int) -> float:
        return _expected(_merged(uses_of(STEP**step)), delta)

    def unsampled(step: int) -> float:
        return epsilon([use for use in uses_of(STEP**step) if use.sample_rate == 1.0], delta)

    low, high = STEPS[0], STEPS[-1]
    # What is not sampled has a formula; only where it leaves something over is all of it composed.
    if unsampled(high) > target or cost(high) > target:
        reason = "the counts and evaluations of this plan cost more than that by themselves: give them more noise"
        raise BadSetting(setting="privacy.dp.epsilon", value=target, reason=reason)
    step, before = _least(lambda step: expected(step) <= target, low, high), None
    for trial in count(1):
        step = min(max(step, low), high - 1)
        found = cost(step)
        low, high = (low, step) if found <= target else (step + 1, high)
        if low == high:
            return float(STEP**high)
        this = step, log(max(found, TINY) / target)
        step, before = _root(this, before) if trial < SECANTS else (low + high) // 2, this
    raise AssertionError


def _root(this: tuple[int, float], before: tuple[int, float] | None) -> int:
    """Where a line through two points ``(step, value)`` crosses zero; through one, where epsilon falls as noise rises.

    The value is the logarithm of epsilon over its target; a line that does not fall says nothing.
    """
    slope = -log(STEP)
    if before is not None and (this[1] - before[1]) * (this[0] - before[0]) < 0:
        slope = (this[1] - before[1]) / (this[0] - before[0])
    return ceil(this[0] - this[1] / slope)


def _least(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The least step from ``low`` on that fits, where all from there to ``high`` do; ``high`` where none does."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return high


def _merged(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Equal uses counted together and all unsampled ones as one, in a fixed order."""
    precision, steps = 0.0, defaultdict[tuple[float, float], int](int)
    for use in sorted(uses):
        if use.sample_rate == 1.0 or use.noise_multiplier < LEAST_NOISE:
            precision += use.steps / use.noise_multiplier**2
        else:
            steps[use.noise_multiplier, use.sample_rate] += use.steps
    sampled = [Use(noise, rate, count) for (noise, rate), count in steps.items() if count]
    return (*sampled, Use(1.0 / sqrt(precision))) if precision else tuple(sampled)


@lru_cache(maxsize=4096)
def _epsilon(uses: tuple[Use, ...], delta: float) -> float:
    if all(use.sample_rate == 1.0 for use in uses):
        return _unsampled(uses, delta)
    smallest = min(sqrt(_precision(use) / use.steps) for use in uses if use.sample_rate < 1.0)
    cost = _expected(uses, delta)
    interval = min(COARSEST, max(FINEST, cost * LEAST_OF_COST, min(cost * OF_COST, smallest * OF_STEP)))
    # A power of two, so that uses met before are found again.
    return _composed(uses, delta, 2.0 ** floor(log2(interval)))


def _expected(uses: tuple[Use, ...], delta: float) -> float:
    """About what the uses cost, quickly and on no side for sure: as if many sampled releases were a Gaussian one."""
    precision = sum(_precision(use) for use in uses)
    return _unsampled((Use(1.0 / sqrt(precision)),), delta) if precision else 0.0


def _precision(use: Use) -> float:
    """The squared shift over noise of the Gaussian release that a use comes to resemble with many steps.

    Bu et al., Harvard Data Science Review 2020, theorem 5; sampling makes no release cost more than without it.
    """
    once = use.noise_multiplier**-2
    sampled = use.sample_rate**2 * expm1(once) if once < MOST_PRECISE else inf
    return use.steps * min(sampled, once)


def _composed(uses: tuple[Use, ...], delta: float, interval: float) -> float:
    first, *others = (_losses(use, interval) for use in uses)
    for other in others:
        first = first.compose(other)
    return float(first.get_epsilon_for_delta(delta))


@lru_cache(maxsize=64)
def _losses(use: Use, interval: float) -> Any:
    """The distribution of the privacy loss of a use, rounded up to multiples of ``interval``."""
    from dp_accounting.pld import privacy_loss_distribution as distributions

    once = distributions.from_gaussian_mechanism(
        use.noise_multiplier, sampling_prob=use.sample_rate, value_discretization_interval=interval
    )
    return once.self_compose(use.steps)


@cache
def _unsampled(uses: tuple[Use, ...], delta: float) -> float:
    """Epsilon of one Gaussian release, or of none: the formula of Balle and Wang, solved for epsilon by halving."""
    if not uses:
        return 0.0
    shift = 1.0 / uses[0].noise_multiplier
    if _log_delta(shift, 0.0) <= log(delta):
        return 0.0
    low, high = 0.0, 1.0
    while _log_delta(shift, high) > log(delta):
        low, high = high, 2.0 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if _log_delta(shift, middle) > log(delta) else (low, middle)
    return high


def _log_delta(shift: float, epsilon: float) -> float:
    """The logarithm of the least delta at which two unit normals so far apart are ``epsilon`` alike."""
    import numpy as np
    from scipy.special import log_ndtr

    first = float(log_ndtr(shift / 2.0 - epsilon / shift))
    second = epsilon + float(log_ndtr(-shift / 2.0 - epsilon / shift))
    # Rounding can put the smaller one above the greater where both are far beyond any delta.
    return -inf if second >= first else first + float(np.log1p(-np.exp(second - first)))
