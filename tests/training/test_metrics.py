"""What must hold for the sums that leave an institution and for the metrics that follow from them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from fedcare.training.metrics import (
    MARGIN_BINS,
    best_threshold,
    bounded_loss,
    curves,
    metrics,
    size,
    sums_by_group,
)


def sums(kind, outputs, targets, **unit):
    return sums_by_group(kind, outputs, targets, np.zeros(len(targets), dtype=np.int64), 1, **unit)[0]


def binary_rows(rows, spread, seed=0):
    rng = np.random.default_rng(seed)
    targets = (rng.random(rows) < 0.3).astype(np.int64)
    margin = spread * (rng.normal(size=rows) + 1.5 * targets - 0.7)
    return np.stack([-margin / 2, margin / 2], axis=1).astype(np.float32), targets


@pytest.mark.parametrize("spread", [0.01, 0.3, 2.0, 20.0])
def test_binary_metrics_equal_the_ones_from_rows(spread):
    logits, targets = binary_rows(4000, spread)
    probability = 1 / (1 + np.exp(-np.diff(logits.astype(np.float64), axis=1)[:, 0]))
    found = metrics("binary", 2, sums("binary", logits, targets))
    predicted = probability >= 0.5
    assert found["auc"] == pytest.approx(reference.roc_auc_score(targets, probability), abs=1e-3)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, predicted))
    assert found["sensitivity"] == pytest.approx(reference.recall_score(targets, predicted))
    assert found["specificity"] == pytest.approx(reference.recall_score(targets, predicted, pos_label=0))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(targets, probability))
    margin = np.diff(logits.astype(np.float64), axis=1)[:, 0]
    assert found["loss"] == pytest.approx(np.mean(np.logaddexp(0, np.where(targets == 1, -margin, margin))))


def test_the_bounded_loss_takes_a_row_that_is_told_wrongly_for_one_told_by_a_coin():
    logits, targets = binary_rows(4000, 2.0)
    margin = np.diff(logits.astype(np.float64), axis=1)[:, 0] * np.where(targets == 1, 1, -1)
    found = bounded_loss("binary", 2, sums("binary", logits, targets))
    assert found == pytest.approx(np.mean(np.logaddexp(0, -np.maximum(margin, 0))), rel=1e-2)
    far = bounded_loss("binary", 2, sums("binary", 1e6 * np.array([[1.0, -1.0]]), np.array([1])))
    assert far == pytest.approx(np.log(2))


def test_the_bounded_loss_of_more_classes_is_that_of_each_against_the_rest():
    logits = np.array([[9.0, -9.0, -9.0], [0.0, 50.0, 0.0]])
    found = bounded_loss("multiclass", 3, sums("multiclass", logits, np.array([0, 0])))
    # Of six: the second row misses its own class and is taken for another.
    assert found == pytest.approx(2 * np.log(2) / 6, abs=1e-3)
    assert bounded_loss("regression", 0, np.ones(size("regression", 0))) is None
    assert bounded_loss("binary", 2, np.zeros(size("binary", 2))) is None


def test_multiclass_metrics_equal_the_ones_from_rows():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 4, 3000)
    logits = (rng.normal(size=(3000, 4)) + 1.2 * np.eye(4)[targets]).astype(np.float32)
    powers = np.exp(logits.astype(np.float64))
    probability = powers / powers.sum(axis=1, keepdims=True)
    found = metrics("multiclass", 4, sums("multiclass", logits, targets))
    assert found["auc"] == pytest.approx(reference.roc_auc_score(targets, probability, multi_class="ovr"), abs=1e-3)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, logits.argmax(axis=1)))
    assert found["loss"] == pytest.approx(reference.log_loss(targets, probability), rel=1e-6)
    assert found["brier"] == pytest.approx(np.mean(((probability - np.eye(4)[targets]) ** 2).sum(axis=1)))


def test_regression_metrics_are_in_the_targets_own_unit():
    rng = np.random.default_rng(2)
    actual = rng.normal(size=500)
    predicted = actual + 0.3 * rng.normal(size=500)
    dollars, guessed = actual * 12000 + 13270, predicted * 12000 + 13270
    vector = sums("regression", predicted[:, None], actual, target_mean=13270.0, target_scale=12000.0)
    found = metrics("regression", 1, vector)
    assert found["mse"] == pytest.approx(reference.mean_squared_error(dollars, guessed))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(dollars, guessed))
    assert found["r2"] == pytest.approx(reference.r2_score(dollars, guessed))
    assert found["loss"] == pytest.approx(reference.mean_squared_error(actual, predicted))


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["binary", "multiclass", "regression"]),
    rows=st.integers(0, 60),
    institutions=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_sums_of_parts_add_up_to_the_sums_of_the_whole(kind, rows, institutions, seed):
    rng = np.random.default_rng(seed)
    classes = {"binary": 2, "multiclass": 3, "regression": 1}[kind]
    outputs = rng.normal(size=(rows, classes)) * rng.choice([0.1, 3.0, 50.0])
    targets = rng.normal(size=rows) if kind == "regression" else rng.integers(0, classes, rows)
    groups = rng.integers(0, institutions, rows)
    parts = sums_by_group(kind, outputs, targets, groups, institutions)
    assert parts.shape == (institutions, size(kind, classes))
    np.testing.assert_allclose(parts.sum(axis=0), sums(kind, outputs, targets), rtol=1e-12, atol=1e-9)
    for k in range(institutions):
        alone = sums(kind, outputs[groups == k], targets[groups == k])
        np.testing.assert_allclose(parts[k], alone, rtol=1e-12, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 80), seed=st.integers(0, 2**32 - 1), threshold=st.floats(0.0, 1.0))
def test_metrics_stay_in_their_range(rows, seed, threshold):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 2)) * 5
    vector = sums("binary", logits, rng.integers(0, 2, rows))
    found = metrics("binary", 2, vector, threshold)
    for name in set(found) - {"loss"}:
        assert 0.0 <= found[name] <= 1.0
    assert 0.0 < best_threshold(vector) < 1.0


def test_an_undefined_metric_is_left_out():
    logits = np.zeros((5, 2), dtype=np.float32)
    only_negative = metrics("binary", 2, sums("binary", logits, np.zeros(5, dtype=np.int64)))
    assert {"auc", "sensitivity"}.isdisjoint(only_negative)
    constant = metrics("regression", 1, sums("regression", np.zeros((4, 1)), np.full(4, 0.1), target_mean=1e4))
    assert "r2" not in constant
    assert "mae" in constant
    for kind, classes in (("binary", 2), ("multiclass", 3), ("regression", 1)):
        assert metrics(kind, classes, np.zeros(size(kind, classes))) == {}


def test_equal_scores_count_half_and_a_margin_of_zero_is_positive():
    found = metrics("binary", 2, sums("binary", np.zeros((4, 2)), np.array([0, 1, 0, 1])))
    assert found["auc"] == 0.5
    assert found["sensitivity"] == 1.0
    assert found["specificity"] == 0.0


def test_the_best_threshold_separates_what_can_be_separated():
    margin = np.array([-3.0, -2.0, -2.5, 1.0, 1.5])
    vector = sums("binary", np.stack([0 * margin, margin], axis=1), (margin > 0).astype(int))
    assert metrics("binary", 2, vector, best_threshold(vector))["accuracy"] == 1.0
    shifted = sums("binary", np.stack([0 * margin, margin - 4], axis=1), (margin > 0).astype(int))
    assert best_threshold(shifted) < 0.5
    assert metrics("binary", 2, shifted, best_threshold(shifted))["accuracy"] == 1.0


def test_the_best_threshold_is_as_good_as_any_cut_of_the_rows():
    logits, targets = binary_rows(800, 1.0, seed=4)
    vector = sums("binary", logits, targets)
    false_rate, true_rate, _ = reference.roc_curve(targets, logits[:, 1] - logits[:, 0])
    found = metrics("binary", 2, vector, best_threshold(vector))
    assert found["sensitivity"] + found["specificity"] - 1 >= (true_rate - false_rate).max() - 0.01


def test_a_diverged_model_gives_sums_without_a_warning():
    outputs = np.array([[np.inf, 1.0], [np.nan, 0.0], [1.0, 2.0]])
    vector = sums("binary", outputs, np.array([0, 1, 1]))
    assert np.isnan(vector[1])
    assert vector[3:].sum() == 3


def test_the_roc_curve_has_few_points_and_the_same_area():
    logits, targets = binary_rows(20000, 1.0, seed=5)
    vector = sums("binary", logits, targets)
    curve = curves("binary", 2, vector)["roc"]
    assert len(curve["fpr"]) <= 200
    assert (curve["fpr"][0], curve["tpr"][0], curve["fpr"][-1], curve["tpr"][-1]) == (0.0, 0.0, 1.0, 1.0)
    area = metrics("binary", 2, vector)["auc"]
    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(area, abs=2e-3)


def test_the_grid_holds_every_row_and_speaks_the_targets_unit():
    actual = np.array([-10.0, 0.0, 1.0, 20.0])
    vector = sums("regression", actual[:, None], actual)
    drawn = curves("regression", 1, vector, target_mean=100.0, target_scale=10.0)["predicted_vs_actual"]
    assert np.sum(drawn["counts"]) == 4
    assert np.trace(drawn["counts"]) == 4
    assert 70.0 < drawn["actual"][0] < 72.0


def test_curves_of_one_class_are_left_out():
    assert curves("binary", 2, sums("binary", np.zeros((3, 2)), np.zeros(3, dtype=int))) == {}
    by_class = curves("multiclass", 3, sums("multiclass", np.zeros((3, 3)), np.array([0, 1, 1])))["roc_by_class"]
    assert by_class[2] is None
    assert by_class[0] is not None


def test_metrics_need_no_torch():
    code = "import sys, fedcare.training.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_layout_is_what_size_says():
    assert size("binary", 2) == 3 + 2 * MARGIN_BINS
    assert sums("multiclass", np.zeros((2, 5)), np.array([0, 4])).shape == (size("multiclass", 5),)
