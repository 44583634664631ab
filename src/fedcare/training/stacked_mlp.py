"""Many perceptrons of one shape side by side, each with weights of its own: one batched product for all of them.

Small layers cost their overhead, not their arithmetic; stacked, a hundred institutions pay it once. The backward pass
is written out: it is four lines a layer, and recording a graph would cost more than running it.

A stack is a list of tensors, weight and bias of each layer in turn, every one with the models as its first dimension:
``(models, outputs, inputs)`` and ``(models, 1, outputs)``. Each tensor is contiguous, which the batched product needs
of its result: it falls back to one product a model otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

Stack = list[Tensor]


def parameters_of(widths: Sequence[int]) -> int:
    """Length of one model's flat vector."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))


def stack_of(vector: Tensor, widths: Sequence[int], models: int) -> Stack:
    """``models`` copies of the weights in ``vector``, which lie in the order of ``models.vector``."""
    found, start = [], 0
    for inputs, outputs in pairwise(widths):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        found.append(vector[start:middle].view(1, outputs, inputs).repeat(models, 1, 1))
        found.append(vector[middle:end].view(1, 1, outputs).repeat(models, 1, 1))
        start = end
    return found


def matrix_of(stack: Stack) -> Tensor:
    """Flat vectors again, ``(models, parameters)``."""
    return torch.cat([tensor.flatten(1) for tensor in stack], dim=1)


def first_models(stack: Stack, count: int) -> Stack:
    """Views of the first ``count`` models."""
    return [tensor[:count] for tensor in stack]


class StackedMLP:
    """Forward and backward of a stack on ``rows`` rows for each model, with memory that every step uses again.

    ``backward`` overwrites ``gradients``, which is a stack of the same shapes.
    """

    def __init__(self, stack: Stack, gradients: Stack, widths: Sequence[int], rows: int) -> None:
        models = len(stack[0])
        self._weights, self._biases = stack[::2], stack[1::2]
        self._transposed = [weight.transpose(1, 2) for weight in self._weights]
        self._weight_gradients, self._bias_gradients = gradients[::2], gradients[1::2]
        # hidden[k] is the input of layer k, and back[k] the gradient at the output of layer k.
        self._hidden = [torch.empty(models, rows, width) for width in widths]
        self._back = [torch.empty(models, rows, width) for width in widths[1:-1]]

    @property
    def inputs(self) -> Tensor:
        """Where the caller lays the rows: ``(models, rows, features)``."""
        return self._hidden[0]

    def forward(self) -> Tensor:
        """Outputs for what lies in ``inputs``: ``(models, rows, outputs)``."""
        last = len(self._weights) - 1
        for place, bias in enumerate(self._biases):
            result = self._hidden[place + 1]
            torch.baddbmm(bias, self._hidden[place], self._transposed[place], out=result)
            if place < last:
                result.relu_()
        return self._hidden[-1]

    def backward(self, outputs_gradient: Tensor) -> None:
        """Fill the gradients from the loss's gradient at the outputs, ``(models, rows, outputs)``."""
        flowing = outputs_gradient
        for place in range(len(self._weights) - 1, -1, -1):
            torch.bmm(flowing.transpose(1, 2), self._hidden[place], out=self._weight_gradients[place])
            torch.sum(flowing, 1, keepdim=True, out=self._bias_gradients[place])
            if place > 0:
                below, output = self._back[place - 1], self._hidden[place]
                torch.bmm(flowing, self._weights[place], out=below)
                # ReLU passes the gradient where its output is above zero.
                flowing = torch.ops.aten.threshold_backward.grad_input(below, output, 0, grad_input=below)
