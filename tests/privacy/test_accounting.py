"""Epsilon against two other accountants, against the Gaussian formula and against published values."""

from __future__ import annotations

import subprocess
import sys
from math import erf, exp, sqrt

import pytest
from opacus.accountants import PRVAccountant, RDPAccountant

from fedcare.errors import BadSetting
from fedcare.privacy.accounting import Use, epsilon, noise_for

# The RDP accountant says that its list of orders ends too early for very small losses: its bound holds all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Optimal order is the largest alpha")

SAMPLED = [Use(1.1, 0.01, 1000), Use(1.1, 0.1, 100), Use(4.0, 0.25, 80), Use(0.6, 0.05, 40), Use(20.0, 0.1, 100)]
SAMPLED += [Use(5.29, 0.02, 4000)]


def normal(x: float) -> float:
    return (1.0 + erf(x / sqrt(2.0))) / 2.0


def delta_of(noise: float, eps: float) -> float:
    """Balle and Wang (ICML 2018), theorem 8, for a sum of sensitivity 1."""
    return normal(0.5 / noise - eps * noise) - exp(eps) * normal(-0.5 / noise - eps * noise)


@pytest.mark.parametrize("use", SAMPLED, ids=str)
def test_epsilon_agrees_with_the_prv_accountant(use: Use) -> None:
    other = PRVAccountant()
    other.history = [(use.noise_multiplier, use.sample_rate, use.steps)]
    assert epsilon([use], 1e-5) == pytest.approx(other.get_epsilon(1e-5, eps_error=0.005), abs=0.02)


@pytest.mark.parametrize("use", SAMPLED, ids=str)
def test_epsilon_is_tighter_than_the_rdp_accountants_bound(use: Use) -> None:
    other = RDPAccountant()
    other.history = [(use.noise_multiplier, use.sample_rate, use.steps)]
    bound = other.get_epsilon(1e-5)
    assert 0.5 * bound < epsilon([use], 1e-5) < bound


@pytest.mark.parametrize("delta", [1e-3, 1e-5])
@pytest.mark.parametrize("noise", [0.5, 1.0, 4.0, 20.0])
def test_epsilon_of_an_unsampled_release_solves_the_gaussian_formula(noise: float, delta: float) -> None:
    found = epsilon([Use(noise)], delta)
    assert delta_of(noise, found) == pytest.approx(delta, rel=1e-6)


def test_epsilon_of_a_unit_gaussian_is_the_published_value() -> None:
    assert epsilon([Use(1.0)], 1e-5) == pytest.approx(4.377, abs=1e-3)


def test_unsampled_releases_compose_as_one_of_less_noise() -> None:
    assert epsilon([Use(2.0)] * 4, 1e-5) == pytest.approx(epsilon([Use(1.0)], 1e-5), rel=1e-9)
    assert epsilon([Use(2.0, steps=4)], 1e-5) == epsilon([Use(2.0)] * 4, 1e-5)


def test_the_two_ways_of_composing_meet_where_the_sampling_is_nearly_whole() -> None:
    assert epsilon([Use(4.0, 0.999999, 16)], 1e-5) == pytest.approx(epsilon([Use(1.0)], 1e-5), rel=2e-3)


def test_epsilon_is_never_below_that_of_an_optimistic_grid() -> None:
    from dp_accounting.pld import privacy_loss_distribution as distributions

    once = distributions.from_gaussian_mechanism(
        2.0, sampling_prob=0.1, value_discretization_interval=1e-4, pessimistic_estimate=False
    )
    least = once.self_compose(50).get_epsilon_for_delta(1e-5)
    assert least <= epsilon([Use(2.0, 0.1, 50)], 1e-5) <= least * 1.01


def test_epsilon_does_not_depend_on_the_order_or_grouping_of_uses() -> None:
    uses = [Use(1.1, 0.1, 30), Use(20.0), Use(2.0, 0.5, 3), Use(1.1, 0.1, 12)]
    together = [Use(2.0, 0.5, 3), Use(1.1, 0.1, 42), Use(20.0)]
    assert epsilon(uses, 1e-5) == epsilon(reversed(uses), 1e-5) == epsilon(together, 1e-5)


def test_epsilon_rises_with_every_further_use() -> None:
    costs = [epsilon([Use(2.0, 0.1, 50), Use(20.0)][:count], 1e-5) for count in (0, 1, 2)]
    assert costs[0] == 0.0 < costs[1] < costs[2]


def test_hardly_any_noise_is_counted_without_the_help_of_sampling() -> None:
    assert epsilon([Use(1e-3, 0.1)], 1e-5) == epsilon([Use(1e-3)], 1e-5) > 1e5


@pytest.mark.parametrize(
    ("target", "rate", "steps"), [(1.0, 1.0, 30), (5.0, 1.0, 30), (1.0, 0.1, 200), (8.0, 0.25, 40)]
)
def test_the_noise_for_an_epsilon_is_the_least_that_keeps_it(target: float, rate: float, steps: int) -> None:
    noise = noise_for(target, 1e-5, lambda noise: [Use(noise, rate, steps), Use(20.0)])
    assert epsilon([Use(noise, rate, steps), Use(20.0)], 1e-5) <= target
    assert epsilon([Use(noise / 1.006, rate, steps), Use(20.0)], 1e-5) > target


@pytest.mark.parametrize(("target", "rate", "steps"), [(0.9, 0.02, 4000), (3.0, 0.005, 3000)])
def test_the_noise_is_no_greater_than_needed_however_many_and_small_the_steps(
    target: float, rate: float, steps: int
) -> None:
    noise = noise_for(target, 1e-5, lambda noise: [Use(noise, rate, steps)])
    assert 0.98 * target <= epsilon([Use(noise, rate, steps)], 1e-5) <= target
    other, bound = PRVAccountant(), RDPAccountant()
    other.history = bound.history = [(noise, rate, steps)]
    assert other.get_epsilon(1e-5, eps_error=0.01) == pytest.approx(target, rel=0.03)
    assert bound.get_epsilon(1e-5) > 0.98 * target


def test_an_epsilon_below_the_cost_of_the_rest_is_refused() -> None:
    with pytest.raises(BadSetting, match="give them more noise"):
        noise_for(0.1, 1e-5, lambda noise: [Use(noise), Use(1.0)])


@pytest.mark.parametrize("wrong", [(0.0, 0.5, 1), (1.0, 0.0, 1), (1.0, 1.5, 1), (1.0, 0.5, -1), (float("nan"), 0.5, 1)])
def test_what_is_no_use_is_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="not a use"):
        Use(*wrong)


def test_accounting_needs_no_torch() -> None:
    code = """
import sys
from fedcare.privacy.accounting import Use, epsilon
epsilon([Use(2.0, 0.5)], 1e-5)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
