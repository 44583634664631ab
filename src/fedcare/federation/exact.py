"""How good the model of a private simulation is without noise: a data scientist holds all rows and may know."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json
from fedcare.data.records import Records
from fedcare.federation.coordinator import Outcome
from fedcare.federation.site import device, held_out, working_model
from fedcare.federation.study import Study
from fedcare.models.vector import load_vector
from fedcare.tasks.spec import Task
from fedcare.training import metrics
from fedcare.training.dataset import make_dataset
from fedcare.training.evaluation import evaluate


def exact_figures(study: Study, outcome: Outcome) -> dict[str, Any]:
    """``metrics`` over all rows that did not train, and by institution: what the noisy evaluation estimates. ``test``:
    over the test rows alone, where institutions hold any.

    A federation cannot know them without paying for them.
    """
    task = study.task
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    model = working_model(task, len(preprocessing.feature_names))
    load_vector(model, outcome.state.best)
    sums = np.stack([_sums(model, held_out(each), preprocessing, task) for each in study.institutions])
    tests = [_sums(model, each.test, preprocessing, task) for each in study.institutions if each.test is not None]
    classes, threshold = len(task.records.target.classes), outcome.judgement.threshold
    named = zip(study.institutions, sums, strict=True)
    found = {
        "metrics": metrics.metrics(task.kind, classes, sums.sum(axis=0), threshold),
        "institutions": {each.name: metrics.metrics(task.kind, classes, own, threshold) for each, own in named},
    }
    if tests:
        found["test"] = metrics.metrics(task.kind, classes, np.sum(tests, axis=0), threshold)
    return found


def _sums(model: nn.Module, rows: Records, preprocessing: Preprocessing, task: Task) -> metrics.Floats:
    return evaluate(model, make_dataset(preprocessing, rows, device()), task.kind, preprocessing)
