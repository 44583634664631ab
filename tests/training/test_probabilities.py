"""Calibrated probabilities and the band of "not sure", from histograms of margins."""

import numpy as np
import pytest

from fedcare.training.calibration import calibration_from_json
from fedcare.training.metrics import sums_by_group
from fedcare.training.probabilities import ERROR, fit_probabilities


def sums_of(margins, targets):
    outputs = np.stack([np.zeros_like(margins), margins], axis=1)
    return sums_by_group("binary", outputs, targets, np.zeros(len(margins), np.int64), 1)[0]


def drawn(rng, rows, sureness, spread=2.0):
    """Margins that are ``sureness`` times what the outcomes warrant."""
    odds = rng.normal(0.0, spread, rows)
    return odds * sureness, (rng.random(rows) < 1.0 / (1.0 + np.exp(-odds))).astype(np.int64)


@pytest.mark.parametrize("sureness", [0.3, 1.0, 4.0])
def test_a_model_that_is_too_sure_or_too_timid_is_set_right(sureness):
    rng = np.random.default_rng(0)
    fitted = fit_probabilities(sums_of(*drawn(rng, 5000, sureness)), 0.5)
    assert fitted.slope * sureness == pytest.approx(1.0, abs=0.12)
    margins, targets = drawn(rng, 20_000, sureness)
    said = np.array([fitted.of_margin(margin) for margin in margins])
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (said >= low) & (said < low + 0.2)
        assert targets[inside].mean() == pytest.approx(said[inside].mean(), abs=0.03)


def test_few_rows_of_a_class_leave_probabilities_as_they_are():
    margins = np.linspace(-2, 2, 40)
    fitted = fit_probabilities(sums_of(margins, (margins > 1.7).astype(np.int64)), 0.5)
    assert (fitted.slope, fitted.intercept) == (1.0, 0.0)


def test_a_model_that_is_the_wrong_way_round_is_left_so():
    rng = np.random.default_rng(1)
    margins, targets = drawn(rng, 500, 1.0)
    assert fit_probabilities(sums_of(-margins, targets), 0.5).slope == 1.0


def test_outside_the_band_few_are_wrong():
    rng = np.random.default_rng(2)
    fitted = fit_probabilities(sums_of(*drawn(rng, 4000, 2.0)), 0.5)
    assert 0.0 < fitted.low < 0.5 < fitted.high < 1.0
    margins, targets = drawn(rng, 40_000, 2.0)
    said = np.array([fitted.of_margin(margin) for margin in margins])
    assert targets[said < fitted.low].mean() <= ERROR + 0.015
    assert 1.0 - targets[said >= fitted.high].mean() <= ERROR + 0.015
    assert fitted.unsure(0.5)
    assert not fitted.unsure(fitted.high)


def test_a_model_that_is_right_needs_no_band_and_one_that_knows_nothing_has_no_end():
    margins = np.concatenate([np.full(200, -3.0), np.full(200, 3.0)])
    targets = (margins > 0).astype(np.int64)
    good = fit_probabilities(sums_of(margins, targets), 0.5)
    assert good.low == good.high
    assert not good.unsure(good.of_probability(0.5))
    rng = np.random.default_rng(3)
    guess = fit_probabilities(sums_of(rng.normal(size=400), rng.integers(0, 2, 400)), 0.5)
    assert (guess.low, guess.high) == (0.0, 1.0)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.9, 1.0])
def test_the_threshold_lies_within_the_band(threshold):
    fitted = fit_probabilities(sums_of(*drawn(np.random.default_rng(4), 800, 3.0)), threshold)
    assert fitted.low <= fitted.of_probability(threshold) <= fitted.high


def test_what_is_stored_is_read_back():
    fitted = fit_probabilities(sums_of(*drawn(np.random.default_rng(5), 800, 3.0)), 0.4)
    assert calibration_from_json(fitted.to_json()) == fitted
