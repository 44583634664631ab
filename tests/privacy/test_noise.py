"""Noise and secret samples."""

from __future__ import annotations

import numpy as np
import pytest

from fedcare.privacy.noise import Chance


def test_nobody_draws_the_same_noise_twice() -> None:
    assert not np.array_equal(Chance().gaussian(8, 1.0), Chance().gaussian(8, 1.0))


def test_seeded_noise_is_the_same_each_time() -> None:
    assert np.array_equal(Chance(7).gaussian(8, 1.0), Chance(7).gaussian(8, 1.0))
    assert not np.array_equal(Chance(7).gaussian(8, 1.0), Chance(8).gaussian(8, 1.0))


def test_noise_has_the_asked_deviation_and_no_bias() -> None:
    drawn = Chance(1).gaussian(200_000, 3.0)
    assert drawn.mean() == pytest.approx(0.0, abs=0.03)
    assert drawn.std() == pytest.approx(3.0, rel=0.01)


def test_each_row_is_in_a_sample_by_itself_with_the_same_chance() -> None:
    chance = Chance(2)
    samples = [chance.sample(50, 0.3) for _ in range(4000)]
    taken = np.bincount(np.concatenate(samples), minlength=50) / 4000
    sizes = np.array([len(sample) for sample in samples])
    assert np.abs(taken - 0.3).max() < 0.04
    # Binomial: a sample of fixed size, which the accountant does not hold for, would have no variance.
    assert sizes.var() == pytest.approx(50 * 0.3 * 0.7, rel=0.1)


def test_a_rate_of_one_takes_all_rows() -> None:
    assert Chance().sample(5, 1.0).tolist() == [0, 1, 2, 3, 4]
