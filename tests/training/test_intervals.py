"""Split conformal intervals from counts: they cover what they promise, group by group."""

import numpy as np
import pytest

from fedcare.tasks.registry import get
from fedcare.training.calibration import calibration_from_json
from fedcare.training.intervals import LEAST_AT_INSTITUTION, Intervals, fit_intervals
from fedcare.training.residuals import groupings, residuals_by_group, size

SCHEMA = get("insurance-cost").records
SMOKER = 1


def draw(rng, rows, smokers_error=3.0):
    """Rows of which smokers cost more and are predicted worse."""
    inputs = np.zeros((rows, 12), np.float32)
    for place, each in enumerate(groupings(SCHEMA)):
        chosen = rng.random(rows) < 0.2 if place == SMOKER else rng.integers(0, 2, rows)
        inputs[np.arange(rows), each.start + chosen.astype(int)] = 1.0
    smokes = inputs[:, 6] > 0
    targets = rng.normal(size=rows) + 2.0 * smokes
    error = rng.standard_t(4, rows) * np.where(smokes, smokers_error, 1.0) * 0.2
    return (targets + error)[:, None], targets, inputs, smokes, np.abs(error)


def fitted(rng, rows, institutions=1, **options):
    outputs, targets, inputs, _, _ = draw(rng, rows, **options)
    groups = np.arange(rows) % institutions
    sums = residuals_by_group(SCHEMA, outputs, targets, inputs, groups, institutions)
    return fit_intervals(SCHEMA, {f"h{place}": own for place, own in enumerate(sums)}, 1000.0)


def test_the_feature_that_matters_most_divides_the_rows():
    rng = np.random.default_rng(1)
    assert all(fitted(rng, 250).feature == "smoker" for _ in range(50))


def test_over_many_draws_ninety_percent_are_covered_in_each_group():
    rng = np.random.default_rng(2)
    covered = {True: [], False: []}
    for _ in range(300):
        intervals = fitted(rng, 250)
        _, _, _, smokes, error = draw(rng, 400)
        for group in (True, False):
            half = intervals.half("yes" if group else "no") / 1000.0
            covered[group].append((error[smokes == group] <= half).mean())
    assert np.mean(covered[False]) == pytest.approx(0.903, abs=0.01)
    assert np.mean(covered[True]) == pytest.approx(0.91, abs=0.015)


def test_a_half_width_is_the_error_of_the_conformal_rank():
    rng = np.random.default_rng(3)
    outputs, targets, inputs, _, error = draw(rng, 99)
    sums = residuals_by_group(SCHEMA, outputs, targets, inputs, np.zeros(99, np.int64), 1)[0]
    half = fit_intervals(SCHEMA, {"a": sums}, 1.0).everybody.half
    exact = np.sort(error)[89]  # The 90th of 99: ceil(0.9 * 100).
    assert exact <= half <= exact * 1.03


def test_too_few_rows_promise_nothing():
    rng = np.random.default_rng(4)
    assert fitted(rng, 8).everybody.half is None
    assert fitted(rng, 8).half("yes") is None
    assert fitted(rng, 9).everybody.half is not None
    empty = fit_intervals(SCHEMA, {"a": np.zeros(size(SCHEMA))}, 1.0)
    assert (empty.everybody.half, empty.feature, empty.institutions) == (None, None, {})


def test_an_institution_has_widths_of_its_own_where_it_has_rows_enough():
    intervals = fitted(np.random.default_rng(5), 900, institutions=3)
    assert set(intervals.institutions) == {"h0", "h1", "h2"}
    assert all(set(own) == {"no"} for own in intervals.institutions.values())
    assert all(own["no"].rows >= LEAST_AT_INSTITUTION for own in intervals.institutions.values())
    assert intervals.half("no", "h1") == intervals.institutions["h1"]["no"].half
    assert intervals.half("yes", "h1") == intervals.half("yes") == intervals.categories["yes"].half
    assert intervals.half("no", "elsewhere") == intervals.categories["no"].half


def test_a_model_that_gives_no_numbers_promises_nothing():
    rng = np.random.default_rng(6)
    outputs, targets, inputs, _, _ = draw(rng, 200)
    sums = residuals_by_group(SCHEMA, outputs * np.nan, targets, inputs, np.zeros(200, np.int64), 1)[0]
    assert fit_intervals(SCHEMA, {"a": sums}, 1.0).half("no") is None


def test_what_is_stored_is_read_back():
    intervals = fitted(np.random.default_rng(7), 900, institutions=3)
    assert calibration_from_json(intervals.to_json()) == intervals
    assert isinstance(intervals, Intervals)
    assert calibration_from_json({}) is None
