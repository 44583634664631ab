"""Who sees what the optimiser sees at every step: finds by regression which canaries' gradients are in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import inf
from operator import add

import numpy as np
import torch
from torch import Tensor

from fedcare.attacks.canaries import Floats, Planted
from fedcare.attacks.gradients import Gradients, row_gradients, written_out
from fedcare.attacks.watched import rate_of
from fedcare.data.preprocessing import Preprocessing
from fedcare.data.records import Images, Records
from fedcare.data.table_preprocessing import as_table
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec
from fedcare.plan import TrainingPlan
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task
from fedcare.training.dataset import make_dataset
from fedcare.training.fixed_features import with_fixed_features

# Eigenvalues below this share of the greatest are rounding.
RANK = 1e-9
# Variance of what an estimate misses besides.
BLUR = 0.01
# Keeps a chance of one from having no logarithm.
ALMOST = 1.0 - 1e-9


class Eye:
    """Keeps the first steps of an institution's training: the weights before, and the gradients."""

    def __init__(self, steps: int, room: int) -> None:
        self.steps: list[tuple[list[Tensor], list[Tensor]]] = []
        self._most, self._room = steps, room

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        """Keep a step, while there are few."""
        size = 2 * sum(each.numel() * each.element_size() for each in parameters)
        if len(self.steps) < min(self._most, max(1, self._room // size)):
            kept = [each.detach().cpu().clone() for each in (*parameters, *gradients)]
            self.steps.append((kept[: len(parameters)], kept[len(parameters) :]))


@dataclass(frozen=True)
class Evidence:
    """What one step or several say of the rows: inner products of their gradients, ``(rows, rows)``, and with what the
    optimiser got, ``(rows,)``; the squared length of that, and how many numbers it has.
    """

    products: Tensor
    along: Tensor
    length: float
    numbers: int

    def __add__(self, other: Evidence) -> Evidence:
        length, numbers = self.length + other.length, self.numbers + other.numbers
        return Evidence(self.products + other.products, self.along + other.along, length, numbers)


class Attacker:
    """Knows the plan, an institution's rows and all canaries; ``told`` is the number of rows that it announced."""

    def __init__(
        self, task: Task, plan: TrainingPlan, planted: Planted, preprocessing: Preprocessing, told: int
    ) -> None:
        self._plan, self._planted = plan, planted
        dp = plan.privacy.dp
        self._clip = dp.clip if dp.enabled else inf
        self._rate = rate_of(plan, len(planted.institution.train))
        # A step without differential privacy is divided by the batch itself.
        self._batch = self._rate * (told if dp.enabled else len(planted.institution.train))
        data = make_dataset(preprocessing, _joined(planted.canaries, planted.rows), torch.device("cpu"))
        self._model = build(task.model, feature_count(task), max(1, len(task.records.target.classes)), seed=0)
        self._data = with_fixed_features(self._model, data)
        self._is_dense = isinstance(task.model, MLPSpec) or self._data.inputs.dim() == 2

    def scores(self, eye: Eye) -> Floats:
        """Log odds that each canary was there, ``(canaries,)``, from all steps that were seen."""
        evidence = [self._evidence(before, gradient) for before, gradient in eye.steps]
        rate = self._rate
        if rate >= 1.0:  # The same rows in every step: what all of them say is said of one thing.
            evidence = [reduce(add, evidence)]
        total: Floats = np.zeros(len(self._planted.canaries))
        for one in evidence:
            seen, variance = _estimate(one, len(total), rate)
            # A canary that was there was in this step's batch with the sample's chance, another one never.
            total += np.logaddexp(np.log1p(-rate * ALMOST), np.log(rate) + (seen - 0.5) / variance)
        return total

    def _evidence(self, before: Sequence[Tensor], gradient: Sequence[Tensor]) -> Evidence:
        """What a step says, from the weights before it and the gradient that the optimiser got."""
        rows, total = self._rows(before), [each.double() * self._batch for each in gradient]
        kept = rows.kept(total)
        return Evidence(rows.products(), rows.along(total), float(kept.square().sum()), len(kept))

    def _rows(self, before: Sequence[Tensor]) -> Gradients:
        data, local = self._data, self._plan.local
        if self._is_dense:
            return row_gradients(before, data.inputs, data.targets, local, self._clip)
        return written_out(self._model, before, data, local, self._clip)


def _joined(canaries: Records, rows: Records) -> Records:
    if isinstance(canaries, Images) and isinstance(rows, Images):
        return canaries.joined(rows)
    return as_table(canaries).joined(as_table(rows))


def _estimate(evidence: Evidence, canaries: int, rate: float) -> tuple[Floats, Floats]:
    """How often each canary's gradient is in what was seen, and the variance of that estimate.

    What was seen is a sum of some rows' gradients and noise. Which rows are in it is found by ridge regression: an own
    row is in it with the sample's chance, a canary with half of that, and the noise that the attacker sees decides how
    far small differences are to be believed.
    """
    chance = torch.full((len(evidence.along),), rate, dtype=torch.float64)
    chance[:canaries] /= 2.0
    spread = (chance * (1.0 - chance)).clamp(min=0.0).sqrt()
    products = spread[:, None] * evidence.products * spread
    along = spread * (evidence.along - evidence.products @ chance)
    length = evidence.length - float((2.0 * evidence.along - evidence.products @ chance) @ chance)
    values, vectors = torch.linalg.eigh(products)
    kept = values > RANK * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    turned = vectors.T @ along
    noise = _noise(length, evidence.numbers, turned, values)
    shrunk, squares = values / (values + noise), vectors[:canaries].square()
    share = (squares @ shrunk).clamp(min=RANK)
    others = (squares @ shrunk.square() - share.square()).clamp(min=0.0)
    scale = (spread[:canaries] / share).square()
    variance = scale * (noise * (squares @ (shrunk.square() / values)) + others) + BLUR
    found = chance[:canaries] + spread[:canaries] * (vectors[:canaries] @ (turned / (values + noise))) / share
    return np.asarray(found), np.asarray(variance)


def _noise(length: float, numbers: int, turned: Tensor, values: Tensor) -> float:
    """Variance of the noise on each number.

    A large model has room for noise that no mixture of the rows' gradients explains. In a small one noise is what makes
    a step longer than chance in the choice of rows would.
    """
    if len(values) > numbers // 2:
        return max(0.0, length - float(values.sum())) / numbers
    return max(0.0, length - float((turned.square() / values).sum())) / (numbers - len(values))
