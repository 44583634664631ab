"""A small ResNet-18 for grey images (He et al., CVPR 2016)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import relu

from fedcare.models.layers import Conv2d, Linear

Norm = Literal["batch", "group"]
WIDTH = 64
GROUPS = 32


def _norm(kind: Norm, channels: int) -> nn.Module:
    """Batch norm, or group norm (Wu and He, ECCV 2018), which mixes no rows and keeps no running state."""
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.GroupNorm(min(GROUPS, channels // 2), channels)


def _conv(inputs: int, outputs: int, size: int, stride: int) -> Conv2d:
    return Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, which is projected where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.norm1 = _norm(norm, outputs)
        self.conv2 = _conv(outputs, outputs, 3, 1)
        self.norm2 = _norm(norm, outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(_conv(inputs, outputs, 1, stride), _norm(norm, outputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape ``(rows, outputs, height / stride, width / stride)``."""
        hidden = relu(self.norm1(self.conv1(inputs)), inplace=True)
        hidden = self.norm2(self.conv2(hidden))
        return relu(hidden + self.shortcut(inputs), inplace=True)


class SmallResNet18(nn.Module):
    """One grey channel, 7x7 stem, max pool, four stages of two blocks, average pool, linear: 11.2 million parameters.

    ``width``: channels of the first stage; each further one has twice as many. Input ``(rows, 1, side, side)`` with a
    side of 28 to 512 pixels, output ``(rows, outputs)``.
    """

    def __init__(self, outputs: int, norm: Norm = "batch", width: int = WIDTH) -> None:
        super().__init__()
        stages = tuple(width * 2**stage for stage in range(4))
        self.conv = _conv(1, width, 7, 2)
        self.norm = _norm(norm, width)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        before = width
        for stage, channels in enumerate(stages):
            blocks += [
                BasicBlock(before, channels, 1 if stage == 0 else 2, norm),
                BasicBlock(channels, channels, 1, norm),
            ]
            before = channels
        self.blocks = nn.Sequential(*blocks)
        self.linear = Linear(stages[-1], outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """One logit per class."""
        hidden = self.pool(relu(self.norm(self.conv(inputs)), inplace=True))
        # Global average pooling, written as a mean: that layer's own gradient is not deterministic on a GPU.
        return self.linear(self.blocks(hidden).mean((2, 3)))  # type: ignore[no-any-return]
