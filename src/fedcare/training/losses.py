"""What local training minimises."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(dataset: Dataset, local: LocalTraining) -> Loss:
    """The mean loss of a batch from the model's outputs ``(rows, outputs)`` and the targets ``(rows,)``.

    Numbers: squared error, or Huber's loss with its corner at one standard deviation of the target. Classes:
    cross-entropy; a row's loss is multiplied by its class's weight, and the sum is divided by the number of rows.
    """
    if dataset.is_regression:
        return _mse if local.loss == "mse" else _huber
    smoothing = local.label_smoothing
    if local.class_weights == "none":
        return lambda outputs, targets: functional.cross_entropy(outputs, targets, label_smoothing=smoothing)
    weights = balanced_weights(dataset.targets)

    def weighted(outputs: Tensor, targets: Tensor) -> Tensor:
        rows = functional.cross_entropy(outputs, targets, label_smoothing=smoothing, reduction="none")
        return (rows * weights[targets]).mean()

    return weighted


def row_losses(dataset: Dataset, local: LocalTraining) -> Loss:
    """Each row's own loss, ``(rows,)``: what private training clips the gradients of.

    Class weights have no place here: they come from exact counts of the institution's rows.
    """
    if not dataset.is_regression:
        smoothing = local.label_smoothing
        return lambda outputs, targets: functional.cross_entropy(
            outputs, targets, label_smoothing=smoothing, reduction="none"
        )
    loss = functional.mse_loss if local.loss == "mse" else functional.huber_loss
    return lambda outputs, targets: loss(outputs[:, 0], targets, reduction="none")


def balanced_weights(targets: Tensor) -> Tensor:
    """A weight for each class, so that every class present at the institution counts alike: float32 ``(classes,)``.

    The mean weight over the institution's rows is 1, which leaves the scale of the loss as it is. A class beyond the
    institution's highest has no entry: none of its rows ask for one.
    """
    counts = torch.bincount(targets.cpu()).to(torch.float32)
    present = (counts > 0).sum()
    return torch.where(counts > 0, len(targets) / (present * counts.clamp(min=1)), 0.0).to(targets.device)


def _mse(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(outputs[:, 0], targets)


def _huber(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.huber_loss(outputs[:, 0], targets)
