"""An institution's rows as tensors that a model can take in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fedcare.data.records import Records


class Preparation(Protocol):
    """What training asks of a preprocessing, be it of tables or of images."""

    @property
    def input_mean(self) -> float:
        """Subtracted from a pixel in 0 to 1; 0 for tables."""

    @property
    def input_scale(self) -> float:
        """Divides a pixel after that; 1 for tables."""

    @property
    def target_mean(self) -> float:
        """Mean of the target in its unit; 0 for classes."""

    @property
    def target_scale(self) -> float:
        """Deviation of the target in its unit; 1 for classes."""

    def inputs(self, records: Any) -> npt.NDArray[Any]:
        """float32 ``(rows, features)`` or uint8 ``(rows, 1, height, width)``."""

    def targets(self, records: Any) -> npt.NDArray[Any]:
        """Standardised float32 or class numbers int64, ``(rows,)``."""


@dataclass(frozen=True)
class Dataset:
    """Rows on the device that trains.

    ``inputs``: float32 ``(rows, features)``, or uint8 ``(rows, 1, height, width)``, which stays so in memory and turns
    into ``(pixel / 255 - mean) / scale`` batch by batch. ``targets``: float32 (standardised) or int64, ``(rows,)``.
    """

    inputs: Tensor
    targets: Tensor
    mean: float = 0.0
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.inputs.device

    @property
    def is_images(self) -> bool:
        """Whether rows are images kept as bytes."""
        return self.inputs.dtype == torch.uint8

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number rather than a class."""
        return self.targets.is_floating_point()

    def batch(self, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The given rows, model-ready: float32 inputs and their targets."""
        index = torch.from_numpy(rows).to(self.device)
        return self._ready(self.inputs.index_select(0, index)), self.targets.index_select(0, index)

    def window(self, start: int, stop: int) -> Tensor:
        """Model-ready inputs of the rows from ``start`` to below ``stop``, in their own order."""
        return self._ready(self.inputs[start:stop])

    def _ready(self, inputs: Tensor) -> Tensor:
        if not self.is_images:
            return inputs
        return inputs.to(torch.float32).mul_(1.0 / (255.0 * self.scale)).sub_(self.mean / self.scale)


def make_dataset(preprocessing: Preparation, records: Records, device: torch.device) -> Dataset:
    """An institution's records, preprocessed and laid on ``device``."""
    return Dataset(
        inputs=_tensor(preprocessing.inputs(records)).to(device),
        targets=_tensor(preprocessing.targets(records)).to(device),
        mean=preprocessing.input_mean,
        scale=preprocessing.input_scale,
    )


def _tensor(array: npt.NDArray[Any]) -> Tensor:
    """The array's memory as a tensor, copied only where torch may not share it."""
    contiguous = np.ascontiguousarray(array)
    return torch.from_numpy(contiguous if contiguous.flags.writeable else contiguous.copy())
