"""Small on the wire, close to what was meant, and nothing that is sent in its place does harm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.aggregation.compression import Feedback, decoded, encoded
from fedcare.aggregation.kept_back import KeptBack
from fedcare.privacy.norm_bound import norm
from fedcare.protections import Compression

INT8, TOPK = Compression(method="int8"), Compression(method="topk")
BOTH = pytest.mark.parametrize("choice", [INT8, TOPK], ids=["int8", "topk"])


def movement(seed: int, size: int = 10_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=size) * rng.lognormal(sigma=2.0, size=size)).astype(np.float32)


def trip(whole: np.ndarray, choice: Compression, learned: int | None = None) -> np.ndarray:
    return decoded(encoded(whole, len(whole) if learned is None else learned, choice), len(whole), choice)


@BOTH
def test_an_update_of_a_network_takes_at_most_27_per_cent_of_its_bytes(choice):
    size, buffers = 11_200_000 // 40, 9_600 // 40
    data = encoded(movement(1, size + buffers), size, choice)
    assert len(data) <= 0.27 * 4 * (size + buffers)


@given(st.integers(0, 200), st.integers(1, 700), st.sampled_from([1, 7, 256]))
def test_rounding_errs_by_at_most_half_a_step_of_its_block(seed, size, block):
    whole, choice = movement(seed, size), Compression(method="int8", block=block)
    back = trip(whole, choice)
    for start in range(0, size, block):
        part = slice(start, start + block)
        step = np.abs(whole[part]).max() / 127
        assert np.abs(back[part] - whole[part]).max() <= 0.5001 * step


def test_top_k_sends_the_greatest_entries_as_they_are_and_no_others():
    whole = movement(2, 200)
    back = trip(whole, TOPK)
    sent = np.flatnonzero(back)
    assert len(sent) == 10
    np.testing.assert_array_equal(back[sent], whole[sent])
    assert np.abs(whole[sent]).min() >= np.abs(np.delete(whole, sent)).max()


@BOTH
def test_running_statistics_travel_bit_by_bit(choice):
    whole = movement(3, 1000)
    np.testing.assert_array_equal(trip(whole, choice, learned=900)[900:], whole[900:])


@BOTH
@pytest.mark.parametrize("size", [0, 1, 255, 256, 257])
def test_any_length_comes_back_and_nothing_at_all_is_nothing(choice, size):
    assert trip(movement(4, size), choice).shape == (size,)
    np.testing.assert_array_equal(trip(np.zeros(size, dtype=np.float32), choice), np.zeros(size))


@given(st.floats(2.0**-149, 2.0**-120, width=32), st.floats(2.0**100, 2.0**127, width=32))
def test_the_least_and_the_greatest_floats_come_back_finite(small, great):
    whole = np.array([small, -small, great, -great, 0.0], dtype=np.float32)
    assert np.isfinite(trip(whole, Compression(method="int8", block=2))).all()


# -- error feedback ---------------------------------------------------------------------------------------------------


@BOTH
def test_the_sum_of_what_was_sent_follows_the_sum_of_what_was_meant(choice):
    feedback, meant, sent = Feedback(KeptBack()), np.zeros(2000), np.zeros(2000)
    steady = movement(5, 2000)
    errors = []
    for number in range(1, 201):
        own = steady + movement(number, 2000)
        sent += decoded(feedback.compress(number, own, 2000, choice, None), 2000, choice)
        meant += own
        errors.append(np.linalg.norm(sent - meant) / np.linalg.norm(meant))
    assert errors[-1] < 0.5 * errors[0]
    assert errors[-1] < 0.15


def test_without_feedback_top_k_never_sends_what_is_always_small():
    whole = np.concatenate([np.full(10, 1.0), np.full(190, 0.1)]).astype(np.float32)
    alone = sum(trip(whole, TOPK) for _ in range(100))
    assert alone[100] == 0.0
    feedback = Feedback(KeptBack())
    with_it = sum(decoded(feedback.compress(n, whole, 200, TOPK, None), 200, TOPK) for n in range(1, 101))
    assert with_it[100] == pytest.approx(10.0, rel=0.25)


@BOTH
def test_the_same_round_asked_again_is_answered_with_the_same_bytes(choice):
    feedback = Feedback(KeptBack())
    first, second = movement(6), movement(7)
    feedback.compress(1, first, 10_000, choice, None)
    once = feedback.compress(2, second, 10_000, choice, None).tobytes()
    assert feedback.compress(2, second, 10_000, choice, None).tobytes() == once
    assert encoded(second, 10_000, choice).tobytes() != once


@BOTH
@given(st.integers(0, 50), st.floats(0.01, 10.0))
def test_what_is_sent_keeps_to_the_norm_bound_with_all_that_was_kept_back(choice, seed, bound):
    feedback = Feedback(KeptBack())
    for number in range(1, 5):
        data = feedback.compress(number, movement(seed + number, 600), 600, choice, bound)
        assert norm(decoded(data, 600, choice)) <= bound * 1.001


# -- nothing that comes is trusted ------------------------------------------------------------------------------------


@BOTH
@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_reason_or_give_a_vector_of_the_right_length(choice, data):
    whole = np.frombuffer(data, np.uint8)
    try:
        back = decoded(whole, 64, choice)
    except ValueError as error:
        assert "compressed update" in str(error)
    else:
        assert back.shape == (64,)


@BOTH
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.integers(0, 3))
def test_a_damaged_update_is_refused_or_is_still_a_vector(choice, place, value, cut):
    data = encoded(movement(8, 300), 280, choice).copy()
    data[place % len(data)] = value
    try:
        assert decoded(data[: len(data) - cut], 300, choice).shape == (300,)
    except ValueError as error:
        assert "compressed update" in str(error)


def test_an_update_of_another_method_block_or_length_is_refused():
    whole = movement(9, 300)
    for sent, expected, size in (
        (INT8, TOPK, 300),
        (TOPK, INT8, 300),
        (Compression(method="int8", block=16), INT8, 300),
        (INT8, INT8, 299),
    ):
        with pytest.raises(ValueError, match="compressed update"):
            decoded(encoded(whole, 300, sent), size, expected)


def test_places_that_repeat_or_lie_outside_are_refused():
    data = encoded(movement(10, 100), 100, TOPK).copy()
    start = len(data) - 5 * 8
    for places in ([1, 1, 2, 3, 4], [4, 3, 2, 1, 0], [0, 1, 2, 3, 100]):
        data[start : start + 20] = np.frombuffer(np.array(places, "<u4").tobytes(), np.uint8)
        with pytest.raises(ValueError, match="twice, or one that there is not"):
            decoded(data, 100, TOPK)
