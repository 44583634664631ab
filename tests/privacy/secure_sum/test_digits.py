"""Digits added one by one are the very sum that 192 and 32 bits give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.secure_sum.consortium import plain_sum, random_inputs, same, summand

from fedcare.errors import SecureSumFailed
from fedcare.privacy.homomorphic import MOST
from fedcare.privacy.secure_sum.digits import DIGITS, MOST_MEMBERS, from_whole, to_whole


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=1, max_value=40), st.integers(min_value=0, max_value=1000))
def test_sums_of_digits_are_the_same_bits_as_sums_of_numbers(members, seed):
    names = [str(place) for place in range(members)]
    inputs = random_inputs(names, np.random.default_rng(seed))
    sums = sum(to_whole(summand(*inputs[name], share=1 / members)) for name in names)
    assert same(from_whole(sums, wide=6, parameters=20), plain_sum(inputs, names, 1 / members))


def test_digits_are_small_enough_for_as_many_members_as_may_be():
    inputs = random_inputs(["one"], np.random.default_rng(1))
    digits = to_whole(summand(*inputs["one"], share=1.0))[: 6 * DIGITS]
    assert digits.min() >= 0
    assert digits.max() * MOST_MEMBERS <= MOST


def test_sums_of_another_length_are_refused():
    with pytest.raises(SecureSumFailed, match="different numbers"):
        from_whole(np.zeros(12, dtype=np.int64), wide=1, parameters=1)
