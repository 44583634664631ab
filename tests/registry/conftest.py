"""Small real model versions."""

from pathlib import Path

import numpy as np
import pytest

from fedcare.data.preprocessing import Preprocessing, fit, statistics
from fedcare.models.build import build
from fedcare.models.vector import manifest_of, vector_of
from fedcare.plan import TrainingPlan
from fedcare.registry.onnx_graph import export
from fedcare.registry.version import Version, write_version
from fedcare.tasks.loading import from_origin
from fedcare.tasks.registry import get
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration


def fitted(task: Task) -> Preprocessing:
    return fit(task.records, statistics(task.records, from_origin(task, 1).records))


def write(
    directory: Path, name: str = "breast-cancer", seed: int = 1, calibration: Calibration | None = None
) -> Version:
    task = get(name)
    preprocessing = fitted(task)
    model = build(task.model, len(preprocessing.feature_names), max(1, len(task.records.target.classes)), seed)
    metrics = {
        "metric": task.deciding_metric,
        "metrics": {task.deciding_metric: 0.9},
        "institutions": {"A": {task.deciding_metric: 0.8}},
        "judged_on": "validation",
        "threshold": 0.4,
    }
    return write_version(
        directory,
        task,
        TrainingPlan(task_name=task.name, task=task.declaration()),
        preprocessing,
        manifest_of(model),
        vector_of(model),
        export(model.eval(), preprocessing, task.kind),
        metrics,
        {"rounds": 3, "best_round": 2, "institutions": {"A": 40, "B": 60}, "partition": "iid"},
        calibration,
    )


@pytest.fixture
def write_small():
    return write


@pytest.fixture
def fit_task():
    return fitted


@pytest.fixture
def rng():
    return np.random.default_rng(0)
