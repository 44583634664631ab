"""What must hold for training in one place."""

import numpy as np
import pytest
import torch

from fedcare.data.schema import NumericFeature, TableSchema, Target
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec
from fedcare.models.vector import vector_of
from fedcare.plan import LocalTraining
from fedcare.tasks.spec import Task
from fedcare.training.central import fit
from fedcare.training.evaluation import evaluate
from fedcare.training.local import train

SPEC = MLPSpec(hidden=(8,))


def task(kind="regression", metric=None):
    classes = ("no", "yes") if kind == "binary" else ()
    target = Target(name="y", kind=kind, classes=classes)
    return Task(
        name="t", title="T", records=TableSchema(target=target, numeric=(NumericFeature(name="x"),)), metric=metric
    )


def fitted(make_table, unit, the_task, epochs=8, rows=60, **settings):
    classes = 2 if the_task.kind == "binary" else 0
    model = build(SPEC, 5, max(classes, 1), seed=1)
    heard = []
    result = fit(
        model,
        make_table(rows, classes=classes),
        make_table(30, classes=classes, seed=1),
        the_task,
        LocalTraining(**settings),
        epochs,
        3,
        unit,
        heard.append,
    )
    return model, result, heard


@pytest.mark.parametrize(("metric", "best"), [(None, max), ("mse", min)])
def test_the_best_epoch_is_kept_and_loaded(make_table, unit, metric, best):
    model, result, heard = fitted(make_table, unit, task(metric=metric), lr=0.05)
    values = [epoch.metrics[metric or "r2"] for epoch in result.history]
    assert values[result.best_epoch - 1] == best(values)
    assert np.array_equal(vector_of(model), result.vector)
    np.testing.assert_allclose(evaluate(model, make_table(30, seed=1), "regression", unit), result.sums)
    assert heard == list(result.history)
    assert [epoch.number for epoch in heard] == list(range(1, 9))


def test_one_stretch_takes_the_steps_of_local_training(make_table, unit):
    _, result, _ = fitted(make_table, unit, task(), epochs=1)
    model = build(SPEC, 5, 1, seed=1)
    train(model, make_table(60), LocalTraining(epochs=1), 1, 1, 3)
    assert np.array_equal(vector_of(model), result.vector)


def test_no_proximal_pull_without_a_federation(make_table, unit):
    free, pulled = (fitted(make_table, unit, task(), proximal_mu=mu)[1].vector for mu in (0.0, 5.0))
    assert np.array_equal(free, pulled)


def test_where_the_metric_is_undefined_the_last_epoch_counts(make_table, unit):
    model = build(SPEC, 5, 2, seed=1)
    validation = make_table(10, classes=2)
    validation.targets[:] = 0
    result = fit(model, make_table(40, classes=2), validation, task("binary"), LocalTraining(), 4, 3, unit)
    assert result.best_epoch == 4
    assert torch.isfinite(torch.from_numpy(result.vector)).all()


def test_an_epoch_that_diverged_is_not_kept(make_table, unit, monkeypatch):
    scores = iter([0.1, 0.5, float("nan"), 0.2])
    monkeypatch.setattr("fedcare.training.central.metrics", lambda *_: {"r2": next(scores)})
    assert fitted(make_table, unit, task(), epochs=4)[1].best_epoch == 2
