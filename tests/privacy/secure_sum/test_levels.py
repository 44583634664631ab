"""Eight bits a weight: no sum leaves the ring, sums are exact, and what is lost comes back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.levels import (
    HEADROOM,
    MOST,
    MOST_MEMBERS,
    Scale,
    from_levels,
    room_for,
    spread,
    to_levels,
)

BOUND = 64.0
ROWS = st.lists(st.integers(1, 10**9), min_size=1, max_size=MOST_MEMBERS)


def movement(seed: int, size: int = 3000, scale: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (scale * rng.normal(size=size) * rng.lognormal(sigma=0.5, size=size)).astype(np.float32)


def scale_for(movements, rows, block: int = 256) -> Scale:
    shares = np.array(rows) / sum(rows)
    spreads = sum(share * spread(each, block) for share, each in zip(shares, movements, strict=True))
    return Scale.of(spreads.astype(np.float32), block, sum(rows), len(rows), BOUND)


def added(levels) -> np.ndarray:
    return np.sum(np.array(list(levels), dtype=np.uint8), axis=0, dtype=np.uint8)


# -- no sum leaves the ring -------------------------------------------------------------------------------------------


@given(ROWS, st.integers(0, 10**10))
def test_the_greatest_levels_of_all_members_fit_the_ring_whatever_their_rows(rows, more):
    scale = Scale(np.ones(1, np.float32), 256, sum(rows) + more, len(rows))
    assert sum(scale.most(own) for own in rows) <= MOST
    assert all(scale.most(own) >= 1 for own in rows)


@given(ROWS, st.data())
def test_no_sum_overflows_for_any_movements_and_any_members_that_stay(rows, data):
    scale = Scale(np.float32([1e-6, 1.0, 1e6]), 2, room_for(sum(rows)), len(rows))
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    sizes = 10.0 ** chance.integers(-9, 30, size=(len(rows), 5))
    movements = (chance.choice([-1.0, 1.0], size=sizes.shape) * sizes).astype(np.float32)
    levels = [to_levels(each, own, scale)[0] for each, own in zip(movements, rows, strict=True)]
    staying = data.draw(st.sets(st.sampled_from(range(len(rows)))))
    chosen = [levels[place] for place in sorted(staying)]
    plain = np.sum([each.view(np.int8).astype(int) for each in chosen], axis=0) if chosen else np.zeros(5, int)
    ring = added(chosen) if chosen else np.zeros(5, np.uint8)
    np.testing.assert_array_equal(ring.view(np.int8), plain)


@given(st.integers(1, 2**40))
def test_the_room_that_members_hear_of_holds_all_rows_and_hides_a_few(rows):
    assert rows <= room_for(rows) <= max(rows + 1, 1.25 * rows)
    assert len(f"{room_for(rows):b}".rstrip("0")) <= 3


def test_more_members_than_the_ring_has_room_for_are_refused():
    with pytest.raises(SecureSumFailed, match=r"65 institutions .* privacy.secure.groups"):
        Scale.of(np.ones(1, np.float32), 256, 10**6, MOST_MEMBERS + 1, BOUND)


@pytest.mark.parametrize(
    ("steps", "rows"), [([np.nan], 5), ([np.inf], 5), ([0.0], 5), ([-1.0], 5), ([1.0], 0)], ids=str
)
def test_what_is_no_scale_is_refused(steps, rows):
    with pytest.raises(SecureSumFailed, match="is none"):
        Scale(np.float32(steps), 256, rows, 3)


def test_more_rows_than_there_is_room_for_are_refused():
    with pytest.raises(SecureSumFailed, match="more rows than all"):
        to_levels(movement(1, 5), 11, Scale(np.ones(1, np.float32), 256, 10, 3))


# -- what the levels stand for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [(100, 100, 100, 100, 100), (7, 1000, 30, 200, 50)])
def test_the_mean_is_the_weighted_one_and_errs_by_half_a_step_of_each_member(rows):
    movements = [movement(seed) for seed in range(len(rows))]
    scale = scale_for(movements, rows)
    sent = [to_levels(each, own, scale) for each, own in zip(movements, rows, strict=True)]
    mean = from_levels(added(levels for levels, _ in sent), sum(rows), scale)
    told = sum(own * each.astype(np.float64) for (_, each), own in zip(sent, rows, strict=True)) / sum(rows)
    np.testing.assert_allclose(mean, told, rtol=1e-5, atol=1e-9)
    meant = sum(own * each.astype(np.float64) for each, own in zip(movements, rows, strict=True)) / sum(rows)
    assert np.linalg.norm(mean - meant) < 0.12 * np.linalg.norm(meant)


def test_whoever_drops_out_is_left_out_of_the_mean_and_of_its_weights():
    rows, movements = (100, 200, 300, 400), [movement(seed) for seed in range(4)]
    scale = scale_for(movements, rows)
    staying = [(each, own) for each, own in zip(movements, rows, strict=True)][1:]
    sent = [to_levels(each, own, scale) for each, own in staying]
    mean = from_levels(added(levels for levels, _ in sent), 900, scale)
    told = sum(own * each.astype(np.float64) for (_, each), (_, own) in zip(sent, staying, strict=True)) / 900
    np.testing.assert_allclose(mean, told, rtol=1e-5, atol=1e-9)


@given(st.integers(0, 100), st.sampled_from([1, 7, 256, 40_000]), st.integers(0, 600))
def test_spreads_are_root_mean_squares_of_blocks(seed, block, size):
    whole = movement(seed, size)
    expected = [np.sqrt(np.mean(np.square(whole[at : at + block], dtype=np.float64))) for at in range(0, size, block)]
    np.testing.assert_allclose(spread(whole, block), expected, rtol=1e-6)


def test_a_long_vector_is_what_its_blocks_are():
    whole, rows = movement(3, 100_001), (50, 50)
    scale = scale_for([whole, whole], rows, block=300)
    levels, sent = to_levels(whole, 50, scale)
    for start in (0, 300, 32_700, 99_900):
        part = slice(start, start + 300)
        own = Scale(scale.steps[start // 300 :][:1], 300, scale.rows, 2)
        alone = to_levels(whole[part], 50, own)
        np.testing.assert_array_equal(levels[part], alone[0])
        np.testing.assert_array_equal(sent[part], alone[1])
        np.testing.assert_array_equal(from_levels(levels, 50, scale)[part], from_levels(alone[0], 50, own))


@given(st.integers(0, 100), st.integers(1, 100))
def test_rounded_towards_zero_nothing_is_longer_than_it_was_meant(seed, own):
    whole = movement(seed, 200)
    _, sent = to_levels(whole, own, scale_for([whole, whole], (100, 100)), shorter=True)
    assert (np.abs(sent) <= np.abs(whole) * (1 + 1e-6)).all()
    assert np.linalg.norm(sent) <= np.linalg.norm(whole) * (1 + 1e-6)


def test_a_block_that_nobody_moved_has_a_scale_too():
    still = np.zeros(512, dtype=np.float32)
    scale = scale_for([still] * 3, (5, 5, 5))
    levels, sent = to_levels(still, 5, scale)
    assert (scale.steps > 0).all()
    assert not levels.any()
    assert not sent.any()


@pytest.mark.parametrize("shorter", [False, True])
def test_what_is_kept_back_comes_later_so_that_the_mean_over_rounds_is_kept(shorter):
    """Twelve rounds of members of unlike size, one of which moves far beyond the headroom in the first of them."""
    rows, rounds, size = (10, 400, 90, 250, 50), 12, 2000
    rests = [np.zeros(size, np.float32) for _ in rows]
    meant, came, errors = np.zeros(size), np.zeros(size), []
    for number in range(rounds):
        movements = [movement(17 * number + place, size) + movement(99, size) for place in range(len(rows))]
        movements[1][:5] += (number < 2) * 3 * HEADROOM * np.float32(0.01)
        wanted = [each + rest for each, rest in zip(movements, rests, strict=True)]
        scale = scale_for(wanted, rows)
        sent = [to_levels(each, own, scale, shorter=shorter) for each, own in zip(wanted, rows, strict=True)]
        rests = [each - told for each, (_, told) in zip(wanted, sent, strict=True)]
        meant += sum(own * each for each, own in zip(movements, rows, strict=True)) / sum(rows)
        came += from_levels(added(levels for levels, _ in sent), sum(rows), scale)
        errors.append(np.linalg.norm(came - meant) / np.linalg.norm(meant))
    assert errors[-1] < 0.2 * errors[0]
    assert errors[-1] < 0.02
