"""Was it worth joining? Each institution alone, and all rows in one place, against the federation.

Only a simulation can tell: it holds every institution's rows. Each competitor gets what the federation got: the same
model from the same initial weights, the same settings, and as many epochs over its rows. Its preprocessing comes from
the rows it has, its threshold from validation rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from fedcare.aggregation.exchange import Split
from fedcare.data.preprocessing import Preprocessing, add_up, fit, statistics
from fedcare.data.records import Institution, Records
from fedcare.federation.coordinator import feature_count, initial_weights
from fedcare.federation.site import device, working_model
from fedcare.federation.study import Study
from fedcare.models.vector import load_vector
from fedcare.plan import derive_seed
from fedcare.training import metrics
from fedcare.training.central import fit as train_centrally
from fedcare.training.dataset import Dataset, make_dataset
from fedcare.training.evaluation import evaluate_together

Sums = np.ndarray[Any, np.dtype[np.float64]]


def compare(study: Study, note: Callable[[str], None]) -> dict[str, Any]:
    """``local``: by institution, its own model judged on its own rows and on everybody's; ``pooled``: all rows."""
    local = {}
    for each in study.institutions:
        note(f"training {each.name} alone")
        judged = _Competitor(study, [each]).judged()
        local[each.name] = {"own": judged[each.name], "pooled": judged[""]}
    note("training on all rows in one place")
    return {"local": local, "pooled": _Competitor(study, study.institutions).judged()[""]}


class _Competitor:
    """A model trained without a federation on the rows of some institutions."""

    def __init__(self, study: Study, members: Iterable[Institution]) -> None:
        self._study, self._task, members = study, study.task, list(members)
        schema = self._task.records
        self._preprocessing: Preprocessing = fit(schema, add_up(statistics(schema, each.train) for each in members))
        self._model = working_model(self._task, feature_count(self._task))
        _, initial = initial_weights(self._task, study.plan.seed, feature_count(self._task))
        load_vector(self._model, initial)
        seed = derive_seed(study.plan.seed, "alone", *(each.name for each in members))
        rows = _joined([self._dataset(each.train) for each in members])
        train_centrally(self._model, rows, study.plan.local, study.plan.rounds.rounds, seed)
        self._threshold = self._choose_threshold(members)

    def judged(self) -> dict[str, dict[str, float]]:
        """Metrics on each institution's rows by its name, and under the empty name on all of them."""
        split: Split = "test" if any(each.test is not None for each in self._study.institutions) else "validation"
        sums = self._sums(self._study.institutions, split)
        named = {each.name: own for each, own in zip(self._study.institutions, sums, strict=True)}
        named[""] = np.sum(sums, axis=0)
        kind, classes = self._task.kind, len(self._task.records.target.classes)
        return {name: metrics.metrics(kind, classes, own, self._threshold) for name, own in named.items()}

    def _choose_threshold(self, members: Iterable[Institution]) -> float:
        if self._task.kind != "binary" or self._task.threshold != "balanced":
            return 0.5
        return metrics.best_threshold(np.sum(self._sums(members, "validation"), axis=0))

    def _sums(self, institutions: Iterable[Institution], split: Split) -> Sums:
        rows = [_rows(each, split) for each in institutions]
        data = [self._dataset(own) for own in rows]
        return evaluate_together(self._model, data, self._task.kind, self._preprocessing)

    def _dataset(self, rows: Records) -> Dataset:
        return make_dataset(self._preprocessing, rows, device())


def _rows(institution: Institution, split: Split) -> Records:
    if split == "test":
        return institution.test if institution.test is not None else institution.train.take(np.arange(0))
    return institution.validation


def _joined(parts: list[Dataset]) -> Dataset:
    import torch

    if len(parts) == 1:
        return parts[0]
    inputs, targets = torch.cat([part.inputs for part in parts]), torch.cat([part.targets for part in parts])
    return Dataset(inputs, targets, parts[0].mean, parts[0].scale)
