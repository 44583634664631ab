"""What must hold for evaluation."""

import numpy as np
import pytest
import torch

from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.training import evaluation
from fedcare.training.dataset import Dataset
from fedcare.training.evaluation import evaluate, evaluate_together
from fedcare.training.metrics import metrics, size


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_institutions_judged_together_get_what_each_gets_alone(make_table, unit, classes):
    kind = {0: "regression", 2: "binary", 3: "multiclass"}[classes]
    model = build(MLPSpec(), 5, max(classes, 1), seed=1)
    datasets = [make_table(rows, classes=classes, seed=rows) for rows in (5, 1, 0, 40)]
    together = evaluate_together(model, datasets, kind, unit)
    for sums, dataset in zip(together, datasets, strict=True):
        np.testing.assert_allclose(sums, evaluate(model, dataset, kind, unit), rtol=1e-5, atol=1e-6)


def test_images_are_judged_in_batches_and_alike(make_images, unit, monkeypatch):
    model = build(ResNetSpec(), 0, 2, seed=1)
    whole = evaluate_together(model, [make_images(11), make_images(3, seed=1)], "binary", unit)
    monkeypatch.setattr(evaluation, "PIXELS", 1)
    np.testing.assert_allclose(evaluate(model, make_images(11), "binary", unit)[:3], whole[0][:3], rtol=1e-5)


def test_no_rows_give_sums_of_zero(make_table, make_images, unit):
    none = evaluate(build(MLPSpec(), 5, 1, seed=1), make_table(0), "regression", unit)
    assert none.shape == (size("regression", 1),)
    assert not none.any()
    assert not evaluate(build(ResNetSpec(), 0, 2, seed=1), make_images(0), "binary", unit).any()


def test_errors_are_in_the_targets_unit(unit):
    unit.target_mean, unit.target_scale = 100.0, 10.0
    model = build(MLPSpec(hidden=(2,)), 1, 1, seed=1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    dataset = Dataset(torch.zeros(2, 1), torch.tensor([-1.0, 1.0]))
    found = metrics("regression", 1, evaluate(model, dataset, "regression", unit))
    assert found == pytest.approx({"loss": 1.0, "mse": 100.0, "mae": 10.0, "r2": 0.0})


def test_evaluation_changes_nothing(make_images, unit):
    model = build(ResNetSpec(), 0, 2, seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = evaluate(model, make_images(9), "binary", unit)
    assert np.array_equal(first, evaluate(model, make_images(9), "binary", unit))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
