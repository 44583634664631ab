"""A movement longer than the bound is shortened at the node and noticed at the coordinator."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.privacy.norm_bound import SLACK, beyond, distance, norm, shortened
from fedcare.update import BLOCK


def movement(seed: int, size: int = 1000, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(seed).normal(size=size)).astype(np.float32)


@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(1e-6, 1e6))
def test_no_movement_leaves_longer_than_the_bound_and_the_coordinator_takes_it(seed, bound, scale):
    short = shortened(movement(seed, 50, scale), bound)
    assert norm(short) <= bound * (1 + 1e-6)
    assert beyond(norm(short), bound) is None


def test_a_shortened_movement_keeps_its_direction():
    whole = movement(1)
    short = shortened(whole, 1.0)
    np.testing.assert_allclose(short / norm(short), whole / norm(whole), rtol=1e-5)


def test_a_movement_within_the_bound_or_without_one_is_not_touched():
    whole = movement(2)
    assert shortened(whole, None) is whole
    assert shortened(whole, norm(whole) + 1) is whole


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_left_for_the_check_that_drops_it(wrong):
    broken = movement(3)
    broken[5] = wrong
    assert shortened(broken, 1.0) is broken
    assert not np.isfinite(norm(broken))


def test_an_update_beyond_the_bound_is_named_with_both_figures():
    assert "moved 3 where the plan's bound is 2" in beyond(3.0, 2.0)
    assert beyond(2.0 * SLACK, 2.0) is None
    assert beyond(1e9, None) is None


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1])
def test_distance_is_the_norm_of_the_difference_at_any_length(size):
    first, second = movement(4, size), movement(5, size)
    expected = np.linalg.norm((first - second).astype(np.float64))
    assert distance(first, second) == pytest.approx(expected)
    assert norm(first - second) == pytest.approx(expected)
