"""Many perceptrons of one shape side by side, each with weights of its own: one batched product for all of them.

Small layers cost their overhead, not their arithmetic; stacked, a hundred institutions pay it once. The backward pass
is written out: it is four lines a layer, and recording a graph would cost more than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layer:
    """Views of one layer in the stack: ``weight`` ``(models, outputs, inputs)``, ``bias`` ``(models, 1, outputs)``."""

    weight: Tensor
    bias: Tensor


def layers_of(matrix: Tensor, widths: Sequence[int]) -> list[Layer]:
    """Views of a stack of flat vectors ``(models, parameters)``, in the order in which ``models.vector`` lays them."""
    found, start, models = [], 0, len(matrix)
    for inputs, outputs in pairwise(widths):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        weight = matrix[:, start:middle].view(models, outputs, inputs)
        found.append(Layer(weight, matrix[:, middle:end].view(models, 1, outputs)))
        start = end
    return found


def parameters_of(widths: Sequence[int]) -> int:
    """Length of one model's flat vector."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))


class StackedMLP:
    """Forward and backward of ``models`` perceptrons on ``rows`` rows each, with memory that every step uses again.

    ``matrix`` and ``gradient`` are ``(models, parameters)``; ``backward`` overwrites the latter.
    """

    def __init__(self, matrix: Tensor, gradient: Tensor, widths: Sequence[int], rows: int) -> None:
        models = len(matrix)
        self._layers = layers_of(matrix, widths)
        self._gradients = layers_of(gradient, widths)
        # hidden[k] is the input of layer k; back[k] is the gradient at it.
        self.hidden = [torch.empty(models, rows, width) for width in widths]
        self._back = [torch.empty(models, rows, width) for width in widths[1:-1]]

    @property
    def inputs(self) -> Tensor:
        """Where the caller lays the rows: ``(models, rows, features)``."""
        return self.hidden[0]

    def forward(self) -> Tensor:
        """Outputs for what lies in ``inputs``: ``(models, rows, outputs)``."""
        last = len(self._layers) - 1
        for place, layer in enumerate(self._layers):
            result = self.hidden[place + 1]
            torch.baddbmm(layer.bias, self.hidden[place], layer.weight.transpose(1, 2), out=result)
            if place < last:
                result.relu_()
        return self.hidden[-1]

    def backward(self, outputs_gradient: Tensor) -> None:
        """Fill ``gradient`` from the loss's gradient at the outputs, ``(models, rows, outputs)``."""
        flowing = outputs_gradient
        for place in range(len(self._layers) - 1, -1, -1):
            into = self._gradients[place]
            torch.bmm(flowing.transpose(1, 2), self.hidden[place], out=into.weight)
            torch.sum(flowing, 1, keepdim=True, out=into.bias)
            if place > 0:
                below = self._back[place - 1]
                torch.bmm(flowing, self._layers[place].weight, out=below)
                # ReLU passes the gradient where its output is above zero.
                flowing = torch.ops.aten.threshold_backward.grad_input(below, self.hidden[place], 0, grad_input=below)
