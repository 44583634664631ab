"""What an institution does with its own rows in one round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fedcare.errors import BadSetting, TooFewRecords
from fedcare.models.layers import Dropout
from fedcare.plan import LocalTraining, derive_seed
from fedcare.training.augment import augment
from fedcare.training.batches import edges, shuffler
from fedcare.training.dataset import Dataset
from fedcare.training.losses import make_loss
from fedcare.training.optimizers import learning_rate, make_optimizer


@dataclass(frozen=True)
class LocalResult:
    """``loss``: mean over all rows and epochs, each as it was when trained on; ``examples``: training rows."""

    loss: float
    steps: int
    examples: int


class Witness(Protocol):
    """Sees what an optimiser sees: the most that accounting step by step allows an attacker to know."""

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        """Before a step: the weights it starts from, and the gradients as the optimiser gets them."""
        ...


def train(
    model: nn.Module,
    dataset: Dataset,
    local: LocalTraining,
    round_number: int,
    rounds: int,
    seed: int,
    anchor: bool = True,
    witness: Witness | None = None,
) -> LocalResult:
    """Train ``model`` in place for ``local.epochs`` epochs, on the device where both it and the rows are.

    ``seed`` belongs to this round and institution; batches, augmentation and dropout follow from it alone, so the same
    weights, rows and seed give the same bits whatever ran before. ``anchor`` applies FedProx's pull towards the weights
    that the model comes with. ``witness`` is shown every step, for audits. Raises ``TooFewRecords`` for no rows, or one
    row under batch norm.
    """
    trainer = Trainer(model, dataset, local, seed, anchor, witness)
    lr = learning_rate(local, round_number, rounds)
    losses = torch.stack([trainer.epoch(lr) for _ in range(local.epochs)])
    return LocalResult(float(losses.mean()), trainer.steps, len(dataset))


class Trainer:
    """A model, its rows and the optimiser's state, epoch after epoch."""

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset,
        local: LocalTraining,
        seed: int,
        anchor: bool,
        witness: Witness | None = None,
    ) -> None:
        _check(model, dataset, local)
        self.steps = 0
        self._witness = witness
        self._model, self._dataset, self._local = model, dataset, local
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._optimizer = make_optimizer(self._parameters, local)
        self._loss = make_loss(dataset, local)
        self._shuffler = shuffler(seed)
        self._augmenter = np.random.Generator(np.random.PCG64(derive_seed(seed, "augment")))
        pulled = anchor and local.proximal_mu > 0.0
        self._anchor = [parameter.detach().clone() for parameter in self._parameters] if pulled else []
        for place, layer in enumerate(layer for layer in model.modules() if isinstance(layer, Dropout)):
            layer.reseed(derive_seed(seed, "dropout", place))

    @torch.enable_grad()
    def epoch(self, lr: float) -> Tensor:
        """One pass over all rows in a new order; gives the mean loss over them, left on the device."""
        self._model.train()
        order = self._shuffler.permutation(len(self._dataset))
        total = torch.zeros((), device=self._dataset.device)
        for start, stop in edges(len(order), self._local):
            total += self._step(order[start:stop], lr) * (stop - start)
        return total / len(order)

    def _step(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]], lr: float) -> Tensor:
        inputs, targets = self._dataset.batch(rows)
        if self._local.augment != "none" and self._dataset.is_images:
            inputs = augment(inputs, self._local.augment, self._augmenter)
        loss = self._loss(self._model(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        if self._anchor:
            pull(gradients, self._parameters, self._anchor, self._local.proximal_mu)
        if self._witness is not None:
            self._witness.step(self._parameters, gradients)
        self._optimizer.step(gradients, lr)
        for parameter in self._parameters:
            parameter.grad = None
        self.steps += 1
        return loss.detach()


@torch.no_grad()
def pull(gradients: list[Tensor], parameters: Sequence[Tensor], anchor: Sequence[Tensor], mu: float) -> None:
    """Add FedProx's gradient, ``mu`` times the way from the global weights (Li et al., MLSys 2020)."""
    ways = torch._foreach_sub([parameter.detach() for parameter in parameters], list(anchor))
    torch._foreach_add_(gradients, ways, alpha=mu)


def _check(model: nn.Module, dataset: Dataset, local: LocalTraining) -> None:
    batch_norm = any(isinstance(layer, _BatchNorm) for layer in model.modules())
    needed = 2 if batch_norm else 1
    if len(dataset) < needed:
        hint = "Batch norm needs two rows in a batch." if batch_norm else "Leave it out of the round."
        raise TooFewRecords(who="An institution", found=len(dataset), needed=needed, hint=hint)
    if batch_norm and local.batch_size < needed and not local.full_batch:
        raise BadSetting(setting="batch_size", value=local.batch_size, reason="batch norm needs two rows in a batch")
