"""For each kind of layer: how long every record's gradient is, and the sum of all of them, each times a factor.

For a linear layer a record's gradient is the outer product of what came in and the loss's gradient at what went out;
its squared norm is the product of theirs (Goodfellow, arXiv 1510.01799). For a convolution it is a sum of such products
over pixels: its squared norm comes from the products of pairs of pixels, or, where that would be more work, from the
gradient itself (Bu, Mao and Xu, NeurIPS 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm, unfold
from torch.nn.grad import conv2d_weight


@dataclass(frozen=True)
class Seen:
    """A layer, what came in, and the loss's gradient at what went out; both have the rows first."""

    layer: nn.Module
    inputs: Tensor
    slopes: Tensor

    def rows(self, chosen: Tensor) -> Seen:
        """The same of some of the rows."""
        return Seen(self.layer, self.inputs[chosen], self.slopes[chosen])


class Rule(Protocol):
    """What book-keeping needs to know of a kind of layer."""

    def squares(self, seen: Seen) -> Tensor:
        """The squared norm of every row's gradient, ``(rows,)``."""
        ...

    def sums(self, seen: Seen, factors: Tensor) -> list[Tensor]:
        """The sum of the rows' gradients times ``factors``, ``(rows,)``, for each of the layer's parameters."""
        ...


def rule_of(layer: nn.Module) -> Rule:
    """The rule for a layer; raises ``TypeError`` where there is none."""
    for kind, rule in _RULES.items():
        if isinstance(layer, kind):
            return rule
    raise TypeError(f"no rule for the gradients of single records in {type(layer).__name__}")


class _Linear:
    """Inputs ``(rows, inputs)``, slopes ``(rows, outputs)``."""

    def squares(self, seen: Seen) -> Tensor:
        return _square(seen.slopes) * (_square(seen.inputs) + 1.0)

    def sums(self, seen: Seen, factors: Tensor) -> list[Tensor]:
        weighted = seen.slopes * factors[:, None]
        return [weighted.T @ seen.inputs, weighted.sum(0)]


class _Convolution:
    """Inputs and slopes ``(rows, channels, height, width)``; no bias, one group."""

    def squares(self, seen: Seen) -> Tensor:
        slopes = seen.slopes.flatten(2)
        patches = self._patches(seen)
        pixels, work = slopes.shape[2], patches.shape[1] * slopes.shape[1]
        if pixels * (patches.shape[1] + slopes.shape[1]) < work:
            pairs = patches.transpose(1, 2) @ patches
            return (pairs * (slopes.transpose(1, 2) @ slopes)).sum((1, 2)).clamp(min=0.0)
        return _square(slopes @ patches.transpose(1, 2))

    def sums(self, seen: Seen, factors: Tensor) -> list[Tensor]:
        layer, weighted = _convolution(seen.layer), seen.slopes * factors[:, None, None, None]
        if _is_pixel(seen):
            (height, width), sums = layer.kernel_size, torch.zeros_like(layer.weight)
            sums[:, :, height // 2, width // 2] = weighted.flatten(1).T @ seen.inputs.flatten(1)
            return [sums]
        size = tuple(layer.weight.shape)
        how = layer.stride, layer.padding, layer.dilation
        return [conv2d_weight(seen.inputs, size, weighted, *how)]  # type: ignore[no-untyped-call]

    def _patches(self, seen: Seen) -> Tensor:
        """What each pixel of the output was made of, ``(rows, inputs of a pixel, pixels)``."""
        layer = _convolution(seen.layer)
        if _is_pixel(seen):
            return seen.inputs.flatten(2)
        padding = layer.padding
        assert isinstance(padding, tuple)
        return unfold(seen.inputs, layer.kernel_size, layer.dilation, padding, layer.stride)


class _GroupNorm:
    """Inputs and slopes ``(rows, channels, height, width)``: a row's gradient has two numbers a channel."""

    def squares(self, seen: Seen) -> Tensor:
        weights, biases = self._each(seen)
        return _square(weights) + _square(biases)

    def sums(self, seen: Seen, factors: Tensor) -> list[Tensor]:
        return [factors @ each for each in self._each(seen)]

    def _each(self, seen: Seen) -> tuple[Tensor, Tensor]:
        """Every row's own gradients, ``(rows, channels)`` for weights and biases."""
        layer = seen.layer
        assert isinstance(layer, nn.GroupNorm)
        scaled = group_norm(seen.inputs, layer.num_groups, eps=layer.eps)
        return (seen.slopes * scaled).flatten(2).sum(2), seen.slopes.flatten(2).sum(2)


def _square(each: Tensor) -> Tensor:
    """The squared norm of every row."""
    flat = each.flatten(1)
    squares: Tensor = torch.linalg.vecdot(flat, flat)
    return squares


def _convolution(layer: nn.Module) -> nn.Conv2d:
    assert isinstance(layer, nn.Conv2d)
    return layer


def _is_pixel(seen: Seen) -> bool:
    """Whether one pixel goes in and one out, so that the kernel's centre alone meets anything but padding."""
    layer = _convolution(seen.layer)
    centred = layer.padding == (layer.kernel_size[0] // 2, layer.kernel_size[1] // 2)
    return centred and seen.inputs.shape[2:] == seen.slopes.shape[2:] == (1, 1)


_RULES: dict[type[nn.Module], Rule] = {nn.Linear: _Linear(), nn.Conv2d: _Convolution(), nn.GroupNorm: _GroupNorm()}
