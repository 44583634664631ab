"""A lower bound on epsilon says no more than right guesses prove."""

from math import exp
from statistics import NormalDist

import numpy as np
import pytest

from fedcare.attacks.lower_bound import any_mechanism, gaussian
from fedcare.privacy.accounting import Use, epsilon


def test_guessing_proves_nothing():
    assert any_mechanism(200, 200, 100, 1e-5, 0.95) == 0.0
    assert gaussian(200, 200, 100, 1e-5, 0.95) == 0.0


def test_a_pure_epsilon_is_bounded_as_independent_guesses_bound_it():
    # Forty of forty: the odds p for which p ** 40 is 5%, as Steinke, Nasr and Jagielski have it without delta.
    odds = 0.05 ** (1 / 40)
    assert any_mechanism(40, 40, 40, 1e-12, 0.95) == pytest.approx(np.log(odds / (1 - odds)), abs=2e-3)


def test_more_right_guesses_and_less_confidence_prove_more():
    bounds = [any_mechanism(100, 100, right, 1e-5, 0.95) for right in (60, 80, 95, 100)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]
    assert any_mechanism(100, 100, 90, 1e-5, 0.8) > any_mechanism(100, 100, 90, 1e-5, 0.99)


def test_a_greater_delta_explains_more_right_guesses():
    assert any_mechanism(500, 500, 500, 1e-2, 0.95) < any_mechanism(500, 500, 500, 1e-5, 0.95)


def test_nothing_is_proven_by_thousands_of_right_guesses_that_a_float_cannot_hold():
    assert 5.0 < any_mechanism(1000, 1000, 1000, 1e-5, 0.95) < 6.0


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="right of"):
        any_mechanism(10, 5, 6, 1e-5, 0.95)


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_randomised_response_is_accused_in_no_more_audits_than_the_confidence_allows(level):
    random = np.random.default_rng(1)
    rights = random.binomial(100, 1 / (1 + exp(-level)), size=200)
    accused = [any_mechanism(100, 100, int(right), 1e-9, 0.95) > level for right in rights]
    assert np.mean(accused) <= 0.08


@pytest.mark.parametrize("mean", [0.5, 2.0])
def test_gaussian_noise_is_accused_in_no_more_audits_than_the_confidence_allows(mean):
    random = np.random.default_rng(1)
    claimed = epsilon([Use(1 / mean)], 1e-5)
    rights = random.binomial(100, NormalDist().cdf(mean / 2), size=200)
    accused = [gaussian(100, 100, int(right), 1e-5, 0.95) > claimed for right in rights]
    assert np.mean(accused) <= 0.08
