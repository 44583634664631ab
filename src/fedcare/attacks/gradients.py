"""Every row's own gradient: in a perceptron without writing any of them out, in other models written out.

The gradient of one row at a dense layer is the product of two short vectors: what comes back at the layer's outputs and
what went into it. Products between gradients are therefore sums over layers of products of those (the ghost norm of
Goodfellow, 2015, for all pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset
from fedcare.training.losses import row_losses

# Rows whose gradients are written out at once, and numbers of each that are kept: of more, every second, third, ...
AT_ONCE, MOST_NUMBERS = 16, 200_000


class Gradients(Protocol):
    """Gradients of single rows, each cut to a norm of at most ``clip``, as far as an attacker keeps them."""

    def products(self) -> Tensor:
        """Inner products of all pairs of gradients, float64 ``(rows, rows)``."""
        ...

    def along(self, vector: Sequence[Tensor]) -> Tensor:
        """Inner products with one gradient, given parameter by parameter: float64 ``(rows,)``."""
        ...

    def kept(self, vector: Sequence[Tensor]) -> Tensor:
        """The numbers of one gradient that products are taken of, float64."""
        ...


@dataclass(frozen=True)
class RowGradients:
    """Gradients of single rows, each cut to a norm of at most ``clip``.

    ``inputs`` and ``slopes`` of each layer, float64 ``(rows, width)``: what went in, and the loss's slope at what came
    out, with the cut already in it.
    """

    inputs: tuple[Tensor, ...]
    slopes: tuple[Tensor, ...]

    def products(self) -> Tensor:
        """Inner products of all pairs of gradients, ``(rows, rows)``."""
        pairs = zip(self.inputs, self.slopes, strict=True)
        return torch.stack([(back @ back.T) * (into @ into.T + 1.0) for into, back in pairs]).sum(0)

    def kept(self, vector: Sequence[Tensor]) -> Tensor:
        """All numbers."""
        return torch.cat([each.flatten() for each in vector]).double()

    def along(self, vector: Sequence[Tensor]) -> Tensor:
        """Inner products with one gradient, given as weights and biases layer by layer: ``(rows,)``."""
        layers = zip(self.inputs, self.slopes, vector[0::2], vector[1::2], strict=True)
        parts = [((back @ weight.double()) * into).sum(1) + back @ bias.double() for into, back, weight, bias in layers]
        return torch.stack(parts).sum(0)


@torch.no_grad()
def row_gradients(
    parameters: Sequence[Tensor], inputs: Tensor, targets: Tensor, local: LocalTraining, clip: float = inf
) -> RowGradients:
    """The gradients of each row's loss at a perceptron's ``parameters``: weights and biases, layer by layer.

    Computed in float64, so that nothing but the training's own rounding blurs what an auditor sees. Dropout and weights
    of classes are left out.
    """
    weights = [(parameters[k].double(), parameters[k + 1].double()) for k in range(0, len(parameters), 2)]
    into = [inputs.double()]
    for weight, bias in weights[:-1]:
        into.append(torch.relu(into[-1] @ weight.T + bias))
    outputs = into[-1] @ weights[-1][0].T + weights[-1][1]
    slopes = [_slope(outputs, targets, local)]
    for (weight, _), hidden in zip(reversed(weights[1:]), reversed(into[1:]), strict=True):
        slopes.insert(0, (slopes[0] @ weight) * (hidden > 0))
    cut = clip / torch.clamp(_norms(into, slopes), min=clip) if clip < inf else torch.ones(len(inputs), 1).double()
    return RowGradients(tuple(into), tuple(slope * cut for slope in slopes))


def _slope(outputs: Tensor, targets: Tensor, local: LocalTraining) -> Tensor:
    """The loss's slope at the model's outputs, as in ``training.losses``."""
    if targets.is_floating_point():
        error = outputs - targets.double()[:, None]
        return 2.0 * error if local.loss == "mse" else error.clamp(-1.0, 1.0)
    wanted = functional.one_hot(targets, outputs.shape[1]).double()
    smooth = local.label_smoothing
    return torch.softmax(outputs, 1) - wanted * (1.0 - smooth) - smooth / outputs.shape[1]


def _norms(inputs: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """Each row's norm over all layers, ``(rows, 1)``."""
    squares = [back.square().sum(1) * (into.square().sum(1) + 1.0) for into, back in zip(inputs, slopes, strict=True)]
    return torch.stack(squares).sum(0).sqrt()[:, None]


@dataclass(frozen=True)
class WrittenOut:
    """Gradients of single rows, float32 ``(rows, numbers)``: every ``stride``-th number of all parameters."""

    rows: Tensor
    stride: int

    def products(self) -> Tensor:
        """Inner products of all pairs of gradients, ``(rows, rows)``."""
        rows = self.rows.double()
        return rows @ rows.T

    def along(self, vector: Sequence[Tensor]) -> Tensor:
        """Inner products with one gradient, ``(rows,)``."""
        return self.rows.double() @ self.kept(vector)

    def kept(self, vector: Sequence[Tensor]) -> Tensor:
        """Every ``stride``-th number."""
        return torch.cat([each.flatten() for each in vector])[:: self.stride].double()


def written_out(
    model: nn.Module, parameters: Sequence[Tensor], data: Dataset, local: LocalTraining, clip: float = inf
) -> WrittenOut:
    """The gradients of each row's loss in any ``model`` without batch norm, at ``parameters`` in the model's order."""
    names = (name for name, _ in model.named_parameters())
    weights = dict(zip(names, (each.detach() for each in parameters), strict=True))
    losses = row_losses(data, local)

    def loss(held: dict[str, Tensor], row: Tensor, target: Tensor) -> Tensor:
        return losses(functional_call(model, held, (row[None],)), target[None]).sum()

    each = vmap(grad(loss), in_dims=(None, 0, 0))
    numbers = sum(parameter.numel() for parameter in parameters)
    stride = -(-numbers // MOST_NUMBERS)
    kept = []
    for start in range(0, len(data), AT_ONCE):
        stop = min(start + AT_ONCE, len(data))
        found = each(weights, data.window(start, stop), data.targets[start:stop])
        flat = torch.cat([found[name].flatten(1) for name in weights], dim=1)
        kept.append((flat * (clip / flat.norm(dim=1).clamp(min=clip))[:, None] if clip < inf else flat)[:, ::stride])
    return WrittenOut(torch.cat(kept), stride)
