"""Layers whose first weights come from a generator that the caller owns, never from the process's own random state."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Linear):
    """``nn.Linear`` that is made empty: ``initialise`` fills it."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is: the usual filling would draw from the process's random state."""


class Conv2d(nn.Conv2d):
    """``nn.Conv2d`` that is made empty (``initialise`` fills it) and quick on a single pixel."""

    def forward(self, inputs: Tensor) -> Tensor:
        """The convolution. On one pixel only the kernel's centre meets anything but padding.

        The last stage of a ResNet on 28 px images is such a pixel, and the ordinary kernel spends nine times the work
        on the padding around it.
        """
        centre = (self.kernel_size[0] // 2, self.kernel_size[1] // 2)
        if tuple(inputs.shape[-2:]) == (1, 1) and self.padding == centre and self.bias is None:
            weight = self.weight[:, :, centre[0], centre[1]]
            return functional.linear(inputs.flatten(1), weight)[:, :, None, None]
        return super().forward(inputs)

    def reset_parameters(self) -> None:
        """Leave the memory as it is: the usual filling would draw from the process's random state."""


class Dropout(nn.Module):
    """Sets a ``share`` of its input to zero in training, with masks from its own generator.

    ``reseed`` starts the masks anew, so that they follow from the plan's seed and not from what ran before.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self._generator = torch.Generator()

    def reseed(self, seed: int) -> None:
        """Start the sequence of masks that belongs to ``seed``."""
        self._generator.manual_seed(seed)

    def forward(self, inputs: Tensor) -> Tensor:
        """Mask and rescale in training; pass through otherwise."""
        if not self.training or self.share == 0.0:
            return inputs
        # Drawn on the CPU whatever the device, so that every device sees the same masks.
        kept = torch.empty(inputs.shape).bernoulli_(1.0 - self.share, generator=self._generator)
        return inputs * kept.div_(1.0 - self.share).to(inputs.device)


@torch.no_grad()
def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Fill every ``Linear`` and ``Conv2d`` of ``model`` by Kaiming's rules (He et al., ICCV 2015).

    Convolutions: normal, variance 2 over the fan out, no bias. Linear layers: weights and biases uniform within one
    over the root of the fan in. The draws follow the order of the model's layers.
    """
    for layer in model.modules():
        if isinstance(layer, Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(layer, Linear):
            bound = 1.0 / sqrt(layer.in_features)
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.uniform_(-bound, bound, generator=generator)
