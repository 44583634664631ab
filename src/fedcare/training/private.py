"""Local training under record-level differential privacy: DP-SGD (Abadi et al., CCS 2016, algorithm 1).

A step reads: sample, clip, add up, add noise, divide, move. What is divided by is the batch that was to be expected of
the number of rows that the institution has told, noise and all: the true size of a batch or of the table would be one
more thing to pay for. A step whose batch came out empty moves by noise alone, as any other answer would tell of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fedcare.models.layers import Dropout
from fedcare.plan import LocalTraining, TrainingPlan, derive_seed
from fedcare.privacy.clipped_sums import clipped_sums
from fedcare.privacy.noise import Chance
from fedcare.privacy.planned import noise_multiplier, sample_rate, steps_per_round
from fedcare.training.augment import augment
from fedcare.training.dataset import Dataset
from fedcare.training.local import Witness, pull
from fedcare.training.losses import row_losses
from fedcare.training.optimizers import learning_rate, make_optimizer

# Rows that go through the model at once: a larger batch is added up in parts, which changes nothing but the memory.
PART = 128


@dataclass(frozen=True)
class Mechanism:
    """What a step does with the rows: the plan's clip, noise multiplier and sample rate.

    ``batch`` is the expected size of a batch, from the number of rows told.
    """

    clip: float
    noise_multiplier: float
    sample_rate: float
    batch: float


def mechanism_of(plan: TrainingPlan, rows_told: int) -> Mechanism:
    """The mechanism by which a plan trains at an institution that has told of so many rows."""
    rate = sample_rate(plan)
    return Mechanism(plan.privacy.dp.clip, noise_multiplier(plan), rate, rate * rows_told)


def train_privately(
    model: nn.Module,
    dataset: Dataset,
    plan: TrainingPlan,
    round_number: int,
    rows_told: int,
    chance: Chance,
    witness: Witness | None = None,
) -> None:
    """Train ``model`` in place for a round; what it ends with may leave the institution once it is charged.

    ``rows_told`` is the institution's noisy number of rows, at least 1. ``witness`` is shown what the optimiser gets.
    """
    trainer = PrivateTrainer(model, dataset, plan.local, mechanism_of(plan, rows_told), chance, witness)
    lr = learning_rate(plan.local, round_number, plan.rounds.rounds)
    for _ in range(steps_per_round(plan)):
        trainer.step(lr)


class PrivateTrainer:
    """A model, its rows and the optimiser's state, step after step."""

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset,
        local: LocalTraining,
        mechanism: Mechanism,
        chance: Chance,
        witness: Witness | None = None,
    ) -> None:
        self._model, self._dataset, self._local = model, dataset, local
        self._mechanism, self._chance, self._witness = mechanism, chance, witness
        self._parameters = list(model.parameters())
        self._optimizer = make_optimizer(self._parameters, local)
        self._losses = row_losses(dataset, local)
        self._anchor = [each.detach().clone() for each in self._parameters] if local.proximal_mu > 0.0 else []
        # Which masks and turns a record meets must not follow from the plan: they would depend on who else is there.
        self._augmenter = np.random.default_rng(chance.seed())
        masks = chance.seed()
        for place, layer in enumerate(layer for layer in model.modules() if isinstance(layer, Dropout)):
            layer.reseed(derive_seed(masks, place))

    def step(self, lr: float) -> None:
        """One noisy step."""
        self._model.train()
        rows = self._chance.sample(len(self._dataset), self._mechanism.sample_rate)
        gradients = [self._noisy(total) for total in self._clipped_sums(rows)]
        if self._anchor:
            pull(gradients, self._parameters, self._anchor, self._local.proximal_mu)
        if self._witness is not None:
            self._witness.step(self._parameters, gradients)
        self._optimizer.step(gradients, lr)

    def _clipped_sums(self, rows: npt.NDArray[np.int64]) -> list[Tensor]:
        totals = [torch.zeros_like(parameter) for parameter in self._parameters]
        for start in range(0, len(rows), PART):
            inputs, targets = self._dataset.batch(rows[start : start + PART])
            if self._local.augment != "none" and self._dataset.is_images:
                inputs = augment(inputs, self._local.augment, self._augmenter)
            part = clipped_sums(self._model, self._losses, inputs, targets, self._mechanism.clip)
            torch._foreach_add_(totals, part)
        return totals

    def _noisy(self, total: Tensor) -> Tensor:
        """A clipped sum with its noise, over the expected batch."""
        mechanism = self._mechanism
        noise = torch.from_numpy(self._chance.gaussian(total.shape, mechanism.noise_multiplier * mechanism.clip))
        noise += total.detach().cpu()
        return noise.div_(mechanism.batch).to(total.device, torch.float32)
