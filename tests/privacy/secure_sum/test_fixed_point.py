"""Sums in both rings are exact in any order; errors stay within the stated bounds; nothing overflows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.fixed_point import (
    MOST_MEMBERS,
    add,
    from_ring,
    from_wide,
    negated,
    scale_of,
    to_ring,
    to_wide,
)

finite = st.floats(min_value=-(2.0**95), max_value=2.0**95, allow_nan=False, allow_subnormal=False)


def whole(limbs) -> int:
    """The number in three limbs, signed."""
    value = sum(int(limb) << (64 * place) for place, limb in enumerate(limbs))
    return value - 2**192 if value >= 2**191 else value


@given(st.lists(finite, min_size=1, max_size=20))
def test_a_wide_number_is_the_nearest_multiple_of_its_unit(values):
    for value, limbs in zip(values, to_wide(np.array(values)), strict=True):
        assert abs(Fraction(whole(limbs), 2**80) - Fraction(value)) <= Fraction(1, 2**81)


@given(st.lists(finite, min_size=2, max_size=12))
def test_wide_sums_are_exact_in_any_order(values):
    each = [to_wide(np.array([value])) for value in values]
    exact = sum(whole(limbs[0]) for limbs in each)
    for order in (each, each[::-1]):
        total = order[0].copy()
        for more in order[1:]:
            add(total, more)
        assert whole(total[0]) == exact


@given(st.lists(st.integers(min_value=-(2**53), max_value=2**53), min_size=1, max_size=20))
def test_counts_come_back_exactly(values):
    assert from_wide(to_wide(np.array(values, dtype=np.float64))).tolist() == values


@given(st.lists(finite, min_size=1, max_size=20))
def test_wide_numbers_come_back_to_the_last_digits(values):
    numbers = np.array(values)
    assert np.allclose(from_wide(to_wide(numbers)), numbers, rtol=2**-51, atol=2.0**-80)


def test_carries_run_through_all_limbs():
    top = np.array([[2**64 - 1, 2**64 - 1, 2**64 - 1]], dtype=np.uint64)
    add(top, np.array([[1, 0, 0]], dtype=np.uint64))
    assert top.tolist() == [[0, 0, 0]]
    both = np.array([[2**64 - 1, 2**64 - 1, 5]], dtype=np.uint64)
    add(both, np.array([[2**64 - 1, 2**64 - 1, 7]], dtype=np.uint64))
    assert both.tolist() == [[2**64 - 2, 2**64 - 1, 13]]
    assert negated(np.zeros((1, 3), dtype=np.uint64)).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("value", [2.0**96, -(2.0**96), np.nan, np.inf])
def test_a_number_without_a_place_in_the_ring_is_refused(value):
    with pytest.raises(SecureSumFailed, match="too great"):
        to_wide(np.array([1.0, value]))


@given(
    st.lists(st.integers(min_value=1, max_value=10_000), min_size=1, max_size=9),
    st.integers(min_value=0, max_value=2**32 - 1),
    st.booleans(),
)
def test_the_weighted_mean_errs_by_no_more_than_stated(rows, seed, stochastic):
    chance, bound, room = np.random.default_rng(seed), 8.0, 2 * sum(rows)
    movements = [chance.uniform(-bound, bound, 50).astype(np.float32) for _ in rows]
    rounding = np.random.default_rng(1) if stochastic else None
    total = np.zeros(50, dtype=np.uint32)
    for count, movement in zip(rows, movements, strict=True):
        total += to_ring(movement, count / room, bound, rounding)
    mean = from_ring(total, sum(rows) / room, bound)
    exact = np.average(np.array(movements, dtype=np.float64), axis=0, weights=rows)
    steps = len(rows) * (1.0 if stochastic else 0.5) + 1e-3
    # On top of the ring's steps, the mean itself is rounded to float32.
    assert np.abs(mean - exact).max() <= steps * room / sum(rows) / scale_of(bound) + bound * 2.0**-24


def test_no_sum_can_overflow_even_with_all_members_at_the_bound():
    edge = np.array([8.0, -8.0], dtype=np.float32)
    one = to_ring(edge, 1 / MOST_MEMBERS, 8.0).view(np.int32).astype(np.int64)
    assert np.abs(one * MOST_MEMBERS).max() < 2**31
    assert np.abs(to_ring(edge, 1.0, 8.0).view(np.int32).astype(np.int64)).max() + MOST_MEMBERS < 2**31


@pytest.mark.parametrize("value", [8.01, -9.0, np.nan, np.inf])
def test_a_movement_beyond_the_bound_is_refused(value):
    with pytest.raises(SecureSumFailed, match="bound"):
        to_ring(np.array([0.0, value], dtype=np.float32), 0.5, 8.0)


@pytest.mark.parametrize("share", [-0.1, 1.01])
def test_nobody_has_more_rows_than_there_are(share):
    with pytest.raises(SecureSumFailed, match="more rows"):
        to_ring(np.zeros(1, dtype=np.float32), share, 8.0)


def test_stochastic_rounding_keeps_the_mean():
    third = np.full(200_000, 1 / 3 / scale_of(8.0), dtype=np.float32)
    steps = to_ring(third, 1.0, 8.0, np.random.default_rng(5)).view(np.int32)
    assert set(np.unique(steps)) == {0, 1}
    assert abs(steps.mean() - 1 / 3) < 0.01
