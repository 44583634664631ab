"""Training in one place: what a federation is compared with."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset
from fedcare.training.local import LocalResult, Trainer
from fedcare.training.optimizers import learning_rate


def fit(
    model: nn.Module,
    dataset: Dataset,
    local: LocalTraining,
    rounds: int,
    seed: int,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> LocalResult:
    """Train ``model`` in place for ``rounds * local.epochs`` epochs with one optimiser that forgets nothing between them.

    The learning rate follows the plan's schedule round by round. ``on_epoch`` is told each epoch, from 1, and its mean
    loss. FedProx's pull is left out: there are no global weights to stay near.
    """
    trainer = Trainer(model, dataset, local, seed, anchor=False)
    loss, epoch = 0.0, 0
    for round_number in range(1, rounds + 1):
        for _ in range(local.epochs):
            epoch += 1
            loss = float(trainer.epoch(learning_rate(local, round_number, rounds)))
            on_epoch(epoch, loss)
    return LocalResult(loss, trainer.steps, len(dataset))
