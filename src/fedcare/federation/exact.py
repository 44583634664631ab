"""How good the model of a private simulation is without noise: a data scientist holds all rows and may know."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.federation.coordinator import Outcome
from fedcare.federation.site import device, held_out, working_model
from fedcare.federation.study import Study
from fedcare.models.vector import load_vector
from fedcare.training import metrics
from fedcare.training.dataset import make_dataset
from fedcare.training.evaluation import evaluate_together


def exact_figures(study: Study, outcome: Outcome) -> dict[str, Any]:
    """``metrics`` over all rows that did not train, and by institution: what the noisy evaluation estimates.

    A federation cannot know them without paying for them.
    """
    task = study.task
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    model = working_model(task, len(preprocessing.feature_names))
    load_vector(model, outcome.state.best)
    data = [make_dataset(preprocessing, held_out(each), device()) for each in study.institutions]
    sums = np.concatenate([evaluate_together(model, [rows], task.kind, preprocessing) for rows in data])
    classes, threshold = len(task.records.target.classes), outcome.judgement.threshold
    named = zip(study.institutions, sums, strict=True)
    return {
        "metrics": metrics.metrics(task.kind, classes, sums.sum(axis=0), threshold),
        "institutions": {each.name: metrics.metrics(task.kind, classes, own, threshold) for each, own in named},
    }
