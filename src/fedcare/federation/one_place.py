"""A model trained without a federation, on rows that lie in one place: the sanity check and the yardstick."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from fedcare.aggregation.exchange import Split
from fedcare.data.preprocessing import Preprocessing, add_up, fit, statistics, support_counts, with_support
from fedcare.data.records import Institution, Records
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.site import device, working_model
from fedcare.models.vector import load_vector
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task
from fedcare.training import central, metrics
from fedcare.training.calibration import Calibration
from fedcare.training.central import Epoch
from fedcare.training.dataset import Dataset, make_dataset
from fedcare.training.evaluation import evaluate_together, residuals
from fedcare.training.fixed_features import with_fixed_features
from fedcare.training.intervals import fit_intervals
from fedcare.training.probabilities import fit_probabilities
from fedcare.update import Vector

Sums = np.ndarray[Any, np.dtype[np.float64]]
OnEpoch = Callable[[Epoch], None]


class OnePlace:
    """The plan's model trained on the training rows of some institutions, joined.

    It gets what the federation gets: the same initial weights and settings, and as many epochs over its rows. Its
    preprocessing comes from the rows it has, its best epoch and its threshold from its validation rows. ``on_epoch``
    hears of each epoch.
    """

    def __init__(self, plan: TrainingPlan, members: Iterable[Institution], on_epoch: OnEpoch | None = None) -> None:
        self._task, members = Task.model_validate(plan.task), list(members)
        self._augment = plan.local.augment != "none"
        schema, features = self._task.records, feature_count(self._task)
        scaling = fit(schema, add_up(statistics(schema, each.train) for each in members))
        covered = add_up(support_counts(scaling, each.train) for each in members)
        self.preprocessing: Preprocessing = with_support(scaling, covered)
        self._model = working_model(self._task, features)
        self.manifest, initial = initial_weights(self._task, plan.seed, features)
        load_vector(self._model, initial)
        fitted = central.fit(
            self._model,
            _joined([self._dataset(each.train) for each in members]),
            _joined([self._dataset(each.validation) for each in members]),
            self._task,
            plan.local,
            plan.rounds.rounds * plan.local.epochs,
            derive_seed(plan.seed, "one place", *(each.name for each in members)),
            self.preprocessing,
            on_epoch,
        )
        self.vector: Vector = fitted.vector
        self.best_epoch = fitted.best_epoch
        self.threshold = self._choose_threshold(members)

    def judge(self, institutions: Iterable[Institution], split: Split) -> tuple[dict[str, float], dict[str, Any], Sums]:
        """Pooled metrics on everybody's rows of a split, the same by institution, and the pooled sums."""
        institutions = list(institutions)
        sums = self._sums(institutions, split)
        pooled: Sums = np.sum(sums, axis=0)
        each = {one.name: self._metrics(own) for one, own in zip(institutions, sums, strict=True)}
        return self._metrics(pooled), each, pooled

    def calibrate(self, members: Iterable[Institution]) -> Calibration | None:
        """What the model knows of its errors on the members' validation rows; None for more than two classes."""
        members = list(members)
        if self._task.kind == "binary":
            return fit_probabilities(np.sum(self._sums(members, "validation"), axis=0), self.threshold)
        if self._task.kind != "regression":
            return None
        load_vector(self._model, self.vector)
        counts = residuals(self._model, [self._dataset(each.validation) for each in members], self._task.records)
        named = {one.name: own for one, own in zip(members, counts, strict=True)}
        return fit_intervals(self._task.records, named, self.preprocessing.target_scale)

    def _metrics(self, sums: Sums) -> dict[str, float]:
        return metrics.metrics(self._task.kind, len(self._task.records.target.classes), sums, self.threshold)

    def _choose_threshold(self, members: Iterable[Institution]) -> float:
        if self._task.kind != "binary" or self._task.threshold != "balanced":
            return 0.5
        return metrics.best_threshold(np.sum(self._sums(members, "validation"), axis=0))

    def _sums(self, institutions: Iterable[Institution], split: Split) -> Sums:
        load_vector(self._model, self.vector)
        data = [self._dataset(_rows(each, split)) for each in institutions]
        return evaluate_together(self._model, data, self._task.kind, self.preprocessing)

    def _dataset(self, rows: Records) -> Dataset:
        data = make_dataset(self.preprocessing, rows, device())
        return data if self._augment else with_fixed_features(self._model, data)


def judged_split(institutions: Iterable[Institution]) -> Split:
    """The split that judges a model: the test rows where there are any, else the validation rows."""
    return "test" if any(each.test is not None for each in institutions) else "validation"


def _rows(institution: Institution, split: Split) -> Records:
    if split == "test":
        return institution.test if institution.test is not None else institution.train.take(np.arange(0))
    return institution.validation


def _joined(parts: list[Dataset]) -> Dataset:
    if len(parts) == 1:
        return parts[0]
    inputs, targets = torch.cat([part.inputs for part in parts]), torch.cat([part.targets for part in parts])
    return Dataset(inputs, targets, parts[0].mean, parts[0].scale)
