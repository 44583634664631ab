"""A real model of every built-in kind, untrained: what matters here is what goes in and what comes out."""

from functools import cache

import numpy as np
import pytest

from fedcare.data.preprocessing import fit, statistics, statistics_size
from fedcare.models.build import build
from fedcare.registry.onnx_graph import export
from fedcare.serving.predictor import Predictor
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get
from fedcare.tasks.toml_file import read_task


@cache
def _made(name, threshold=0.5):
    task = read_task(name) if str(name).endswith(".toml") else get(name)
    if task.records.kind == "image":
        totals = np.array([100.0, 50.0, 30.0])
    elif task.origin:
        totals = statistics(task.records, load(task, None, 1).records)
    else:
        totals = np.ones(statistics_size(task.records))
    preprocessing = fit(task.records, totals)
    model = build(task.model, len(preprocessing.feature_names), max(1, len(task.records.target.classes)), 1).eval()
    return Predictor(export(model, preprocessing, task.kind), task, preprocessing, threshold), model, preprocessing


@pytest.fixture
def made():
    return _made
