"""One noisy evaluation: what a row can change in it, and what it tells."""

import numpy as np
import pytest
import torch
from torch import nn

from fedcare.privacy.noise import Chance
from fedcare.training import metrics, noisy_sums
from fedcare.training.dataset import Dataset
from fedcare.training.evaluation import evaluate

KINDS = [("binary", 2), ("multiclass", 3), ("regression", 1)]


class Same(nn.Module):
    """Gives its inputs as outputs, so that a test decides what was predicted."""

    def forward(self, inputs):
        return inputs


def rows(kind, classes, count=400, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "regression":
        targets = rng.normal(size=count)
        outputs = (targets + 0.4 * rng.normal(size=count))[:, None]
        return Dataset(torch.tensor(outputs, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32))
    targets = rng.integers(0, classes, count)
    outputs = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[targets]
    return Dataset(torch.tensor(outputs, dtype=torch.float32), torch.tensor(targets))


def silent(dataset, kind, classes, unit, noise=0.0):
    sums = noisy_sums.bounded(Same(), dataset, kind, classes, unit)
    return noisy_sums.released(sums, kind, classes, noise, Chance())


@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_a_row_changes_the_sums_by_its_share_at_most(unit, kind, classes):
    dataset = rows(kind, classes)
    dataset.inputs[:3] *= 1e6
    whole = silent(dataset, kind, classes, unit)
    assert whole.shape == (noisy_sums.size(kind, classes),)
    for row in range(20):
        kept = torch.arange(len(dataset)) != row
        without = silent(Dataset(dataset.inputs[kept], dataset.targets[kept]), kind, classes, unit)
        change = np.linalg.norm(whole - without)
        assert 0 < change <= noisy_sums.share(kind, classes) + 1e-9


@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_the_noise_is_scaled_by_the_share_of_a_row(unit, kind, classes):
    dataset = rows(kind, classes, 30)
    exact = silent(dataset, kind, classes, unit)
    drawn = np.concatenate([silent(dataset, kind, classes, unit, 7.0) - exact for _ in range(1500)])
    assert drawn.std() == pytest.approx(7.0 * noisy_sums.share(kind, classes), rel=0.05)


@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_without_noise_the_sums_tell_what_an_exact_evaluation_tells(unit, kind, classes):
    dataset = rows(kind, classes, 4000)
    told = noisy_sums.expanded(kind, classes, silent(dataset, kind, classes, unit), 0.0, 1.0)
    found = metrics.metrics(kind, classes, told)
    exact = metrics.metrics(kind, classes, evaluate(Same(), dataset, kind, unit))
    assert found.keys() == exact.keys()
    assert "auc" in found or "r2" in found
    for name, value in exact.items():
        if name not in ("loss", "brier") or kind != "multiclass":
            assert found[name] == pytest.approx(value, abs=0.03), name


def test_a_number_comes_back_in_its_unit(unit):
    dataset = rows("regression", 1, 4000)
    unit.target_mean, unit.target_scale = 250.0, 40.0
    told = noisy_sums.expanded("regression", 1, silent(dataset, "regression", 1, unit), 250.0, 40.0)
    found = metrics.metrics("regression", 1, told)
    exact = metrics.metrics("regression", 1, evaluate(Same(), dataset, "regression", unit))
    assert found["mae"] == pytest.approx(exact["mae"], rel=1e-3)
    assert found["r2"] == pytest.approx(exact["r2"], abs=0.01)


@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_noise_alone_never_breaks_the_metrics(unit, kind, classes):
    nobody = rows(kind, classes, 0)
    for _ in range(20):
        told = noisy_sums.expanded(kind, classes, silent(nobody, kind, classes, unit, 5.0), 10.0, 2.0)
        assert all(np.isfinite(value) for value in metrics.metrics(kind, classes, told).values())
