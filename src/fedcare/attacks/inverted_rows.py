"""Rows read out of one step's gradient: exact for a perceptron, without any search.

A hidden unit's gradient is the sum of the rows that reach it, each times how much; its bias's gradient is the sum of
those amounts. Where a unit answers to one row of the batch alone, their ratio is that row (Phong et al., IEEE TIFS
2018; Geiping et al., NeurIPS 2020, proposition 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from torch import Tensor

from fedcare.attacks.gradients import row_gradients
from fedcare.attacks.protection import Protection, protection_of
from fedcare.data.preprocessing import Preprocessing
from fedcare.data.records import Institution
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study
from fedcare.plan import derive_seed
from fedcare.tasks.size import feature_count
from fedcare.training.dataset import Dataset, make_dataset

BATCH, BATCHES = 4, 16
# A row counts as recovered where every input is met as closely as this, in deviations of its feature.
CLOSE = 0.05
# Ratios of smaller numbers are rounding.
LEAST = 1e-6


@dataclass(frozen=True)
class InvertedRows:
    """Shares of ``rows`` that were recovered from the gradients of batches of ``batch``, 0 to 1."""

    rows: int
    batch: int
    plain: float
    protected: float
    protection: Protection


def attack(study: Study, preprocessing: Preprocessing, seed: int) -> InvertedRows:
    """Attack the first step of the first round, at the initial weights, at the institution with the most rows."""
    largest = max(study.institutions, key=lambda each: len(each.train))
    random = np.random.default_rng(derive_seed(seed, "inversion"))
    data, batches = _batches(preprocessing, largest, random)
    manifest, vector = initial_weights(study.task, study.plan.seed, feature_count(study.task))
    parameters = [torch.from_numpy(array.copy()) for array in manifest.unpack(vector).values()]
    protection, local = protection_of(study.plan), study.plan.local
    plain = protected = 0
    for rows in batches:
        inputs, targets = data.batch(rows)
        for clip in (inf, protection.clip):
            found = row_gradients(parameters, inputs, targets, local, clip)
            gradient = [found.slopes[0].T @ found.inputs[0], found.slopes[0].sum(0)]
            if clip == inf:
                plain += recovered(gradient[0], gradient[1], inputs)
            else:
                weight, bias = protection.noisy(gradient, random)
                protected += recovered(weight, bias, inputs)
    count = sum(len(rows) for rows in batches)
    return InvertedRows(count, len(batches[0]), plain / count, protected / count, protection)


def recovered(weight: Tensor, bias: Tensor, rows: Tensor) -> int:
    """How many of ``rows``, ``(rows, features)``, the gradient of the first layer's weights and biases gives away."""
    tells = bias.abs() > LEAST * bias.abs().max()
    candidates = weight[tells] / bias[tells, None]
    if not len(candidates):
        return 0
    farthest = (candidates[None] - rows.double()[:, None]).abs().amax(2)
    return int((farthest.amin(1) < CLOSE).sum())


def _batches(
    preprocessing: Preprocessing, institution: Institution, random: np.random.Generator
) -> tuple[Dataset, list[np.ndarray[tuple[int], np.dtype[np.int64]]]]:
    data = make_dataset(preprocessing, institution.train, torch.device("cpu"))
    order = random.permutation(len(data))
    size = min(BATCH, len(data))
    starts = range(0, min(len(data) - size + 1, BATCH * BATCHES), size)
    return data, [order[start : start + size] for start in starts]
