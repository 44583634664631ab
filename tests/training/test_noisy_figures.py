"""What is told of noisy sums: right on average, and with intervals that hold what there was before the noise."""

import numpy as np
import pytest

from fedcare.training import noisy_figures
from fedcare.training.noisy_figures import figures, intervals
from fedcare.training.noisy_sums import CELLS, EDGES

UNIT = (0.5, 0.0, 1.0)  # Threshold, and the target's mean and scale.


def binary(rows: int) -> np.ndarray:
    """Sums of a good classifier: most positives in high cells."""
    random = np.random.default_rng(1)
    positive = random.random(rows) < 0.4
    margin = 2.0 * random.normal(size=rows) + np.where(positive, 2.0, -2.0)
    cells = np.searchsorted([np.log(edge / (1 - edge)) for edge in EDGES], margin)
    counts = [np.bincount(cells[chosen], minlength=CELLS) for chosen in (~positive, positive)]
    return np.concatenate(counts).astype(float)


def number(rows: int) -> np.ndarray:
    """Sums of a model that errs by half a deviation."""
    random = np.random.default_rng(1)
    value, error = random.normal(size=rows) / 3.0, np.abs(random.normal(size=rows)) / 4.0
    return np.stack([np.ones(rows), error**2, error, value, value**2]).sum(axis=1)


CASES = [
    pytest.param("binary", 2, binary(600), 6.0, id="binary"),
    pytest.param("regression", 1, number(300), 3.0, id="number"),
]


def doses(sums: np.ndarray, deviation: float, count: int) -> np.ndarray:
    return sums + np.random.default_rng(2).normal(scale=deviation, size=(count, len(sums)))


@pytest.mark.parametrize(("kind", "classes", "sums", "deviation"), CASES)
def test_intervals_hold_the_figures_without_noise_as_often_as_they_say(kind, classes, sums, deviation, monkeypatch):
    monkeypatch.setattr(noisy_figures, "DRAWS", 100)
    exact, runs = figures(kind, classes, sums, *UNIT), 60
    held = dict.fromkeys(exact, 0)
    for noisy in doses(sums, deviation, runs):
        for name, (low, high) in intervals(kind, classes, noisy, deviation, *UNIT).items():
            held[name] += low <= exact[name] <= high
    assert all(count / runs > 0.8 for count in held.values()), held


@pytest.mark.parametrize(("kind", "classes", "sums", "deviation"), CASES)
def test_noise_does_not_lean_one_way(kind, classes, sums, deviation):
    exact = figures(kind, classes, sums, *UNIT)
    found = [figures(kind, classes, noisy, *UNIT) for noisy in doses(sums, deviation, 400)]
    for name, value in exact.items():
        seen = np.array([each[name] for each in found])
        assert abs(seen.mean() - value) < 0.25 * seen.std(), name


def test_figures_stay_within_what_they_can_be():
    for noisy in doses(binary(40), 10.0, 200):
        found = figures("binary", 2, noisy, *UNIT)
        assert all(0.0 <= found[name] <= 1.0 for name in ("auc", "accuracy") if name in found)
        assert found.get("loss", 0.0) >= 0.0


def test_noise_that_drowns_all_rows_is_said_to_tell_nothing():
    assert intervals("binary", 2, binary(40), 60.0, *UNIT)["auc"] is None
    assert figures("binary", 2, -np.ones(2 * CELLS), *UNIT) == {}


def test_the_same_sums_give_the_same_intervals_and_less_noise_narrower_ones():
    wide, again, narrow = (intervals("binary", 2, binary(600), deviation, *UNIT)["auc"] for deviation in (6, 6, 2))
    assert wide == again
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_several_classes_have_intervals_too():
    sums = np.concatenate([np.diag([90.0, 80.0, 70.0]).reshape(-1), *[binary(240)] * 3])
    found = intervals("multiclass", 3, sums, 2.0, *UNIT)
    assert found.keys() == {"loss", "brier", "accuracy", "auc"}
    assert found["accuracy"][0] < 1.0
