"""Many perceptrons of one shape side by side, each with weights of its own: one batched product for all of them.

Small layers cost their overhead, not their arithmetic; stacked, a hundred institutions pay it once. The backward pass
is written out: it is four lines a layer, and recording a graph would cost more than running it.

A stack is a list of tensors, weight and bias of each layer in turn, every one with the models as its first dimension:
``(models, inputs, outputs)`` and ``(models, 1, outputs)``. Each tensor is contiguous, which the batched product needs
of its result: it falls back to one product a model otherwise. Inputs come before outputs, the other way round than in
``nn.Linear``: the product that gives a first layer's gradient is six times slower with few columns than with few rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Stack = list[Tensor]


def parameters_of(widths: Sequence[int]) -> int:
    """Length of one model's flat vector."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))


def empty_stack(widths: Sequence[int], models: int) -> Stack:
    """Memory for that many models."""
    shapes = [((models, inputs, outputs), (models, 1, outputs)) for inputs, outputs in pairwise(widths)]
    return [torch.empty(shape) for pair in shapes for shape in pair]


def fill(stack: Stack, matrix: Tensor) -> None:
    """Lay flat vectors, ``(models, parameters)`` in the order of ``models.vector``, into the stack."""
    for tensor, part in zip(stack, _parts(stack, matrix), strict=True):
        tensor.copy_(part)


def read(stack: Stack, matrix: Tensor) -> None:
    """Lay the stack into flat vectors: ``fill`` undone."""
    for tensor, part in zip(stack, _parts(stack, matrix), strict=True):
        part.copy_(tensor)


def _parts(stack: Stack, matrix: Tensor) -> Iterator[Tensor]:
    """Views of the matrix in the shapes of the stack's tensors; a flat vector holds a layer's outputs first."""
    start = 0
    for tensor in stack:
        _, inputs, outputs = tensor.shape
        yield matrix[:, start : start + inputs * outputs].view(-1, outputs, inputs).transpose(1, 2)
        start += inputs * outputs


def first_models(stack: Stack, count: int) -> Stack:
    """Views of the first ``count`` models."""
    return [tensor[:count] for tensor in stack]


class Scratch:
    """Memory for what the layers of a stack compute, for at most ``rows`` rows of all models together."""

    def __init__(self, widths: Sequence[int], rows: int) -> None:
        # hidden[k] is the input of layer k, and back[k] the gradient at the output of layer k.
        self.hidden = [torch.empty(rows, width) for width in widths]
        self.back = [torch.empty(rows, width) for width in widths[1:-1]]


class StackedMLP:
    """Forward and backward of a stack on ``rows`` rows for each model, in memory that stacks of other sizes share.

    ``backward`` overwrites ``gradients``, which is a stack of the same shapes.
    """

    def __init__(self, stack: Stack, gradients: Stack, scratch: Scratch, rows: int) -> None:
        models = len(stack[0])
        self._weights, self._biases = stack[::2], stack[1::2]
        self._transposed = [weight.transpose(1, 2) for weight in self._weights]
        self._weight_gradients, self._bias_gradients = gradients[::2], gradients[1::2]
        self._hidden = [memory[: models * rows].view(models, rows, -1) for memory in scratch.hidden]
        self._back = [memory[: models * rows].view(models, rows, -1) for memory in scratch.back]

    @property
    def inputs(self) -> Tensor:
        """Where the caller lays the rows: ``(models, rows, features)``."""
        return self._hidden[0]

    def forward(self) -> Tensor:
        """Outputs for what lies in ``inputs``: ``(models, rows, outputs)``."""
        last = len(self._weights) - 1
        for place, bias in enumerate(self._biases):
            result = self._hidden[place + 1]
            torch.baddbmm(bias, self._hidden[place], self._weights[place], out=result)
            if place < last:
                result.relu_()
        return self._hidden[-1]

    def backward(self, outputs_gradient: Tensor) -> None:
        """Fill the gradients from the loss's gradient at the outputs, ``(models, rows, outputs)``."""
        flowing = outputs_gradient
        for place in range(len(self._weights) - 1, -1, -1):
            torch.bmm(self._hidden[place].transpose(1, 2), flowing, out=self._weight_gradients[place])
            torch.sum(flowing, 1, keepdim=True, out=self._bias_gradients[place])
            if place > 0:
                below, output = self._back[place - 1], self._hidden[place]
                torch.bmm(flowing, self._transposed[place], out=below)
                # ReLU passes the gradient where its output is above zero.
                flowing = torch.ops.aten.threshold_backward.grad_input(below, output, 0, grad_input=below)
