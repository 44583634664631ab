"""Which model a task uses, as data: part of the task's declaration and so of the plan's hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class MLPSpec(BaseModel):
    """A multilayer perceptron with ReLU between its layers.

    ``kind``: which model; another one than the task's begins with its own defaults. ``hidden`` are the widths of the
    hidden layers, 1 to 4096 each; ``dropout`` is the share of hidden activations set to zero in training, 0 to below 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = (128, 64, 32)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)


class ResNetSpec(BaseModel):
    """A small ResNet-18 for one grey channel: 7x7 stem, max pool, four stages 64-128-256-512, about 11.2 M parameters.

    ``norm``: ``batch`` (running statistics travel with the weights) or ``group`` (32 groups, or one for each two
    channels where there are fewer; no state that leaves the institution, and per-sample gradients exist, as private
    training needs). ``width``: channels of the first stage, a multiple of 4 from 4 to 128. A narrow network is quicker,
    and spoiled less by private noise, which is laid on every weight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["resnet18"] = "resnet18"
    norm: Literal["batch", "group"] = "batch"
    width: int = Field(default=64, ge=4, le=128, multiple_of=4)


class ScatteringSpec(BaseModel):
    """A linear layer on wavelet features of grey images that are fixed beforehand: little for private noise to spoil.

    ``octaves``: scales of the wavelets, 0 to 3, each half as fine as the one before; 0 leaves the bare pixels.
    ``orientations``: directions of each, 2 to 16. ``places``: the features tell where in so many rows and columns.
    ``side``: greater images are averaged down to so many pixels across.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["scattering"] = "scattering"
    octaves: int = Field(default=2, ge=0, le=3)
    orientations: int = Field(default=8, ge=2, le=16)
    places: int = Field(default=7, ge=1, le=32)
    side: int = Field(default=28, ge=28, le=512)

    @property
    def channels(self) -> int:
        """Maps of order 0, 1 and 2; each is told at every place."""
        first = self.octaves * self.orientations
        return 1 + first + first * (self.octaves - 1) // 2 * self.orientations


ModelSpec = Annotated[MLPSpec | ResNetSpec | ScatteringSpec, Field(discriminator="kind")]

# Which models go with which records, the usual one first.
KINDS: Mapping[str, tuple[str, ...]] = {"table": ("mlp",), "image": ("resnet18", "scattering")}
