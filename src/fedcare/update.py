"""What travels between an institution and the coordinator: one flat vector and what describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from fedcare.errors import BadUpdate

Vector = npt.NDArray[np.float32]
# Numbers that are averaged at a time: they stay in the processor's cache, and no second copy of a model is made.
BLOCK = 1 << 15


@dataclass(frozen=True)
class Entry:
    """One tensor's place in the flat vector.

    ``learned`` is True for a parameter that gradients move and False for a buffer (batch norm's running mean and
    variance). A server-side optimiser must not take steps on buffers: a variance pushed below zero ends in NaN.
    """

    name: str
    shape: tuple[int, ...]
    learned: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class Manifest:
    """Names and shapes of a flat float32 vector: learned parameters first, buffers after them."""

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        flags = [entry.learned for entry in self.entries]
        if flags != sorted(flags, reverse=True):
            raise ValueError("learned parameters must stand before buffers")

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(entry.size for entry in self.entries)

    @property
    def learned_size(self) -> int:
        """Length of the vector's first part, which gradients move."""
        return sum(entry.size for entry in self.entries if entry.learned)

    def pack(self, arrays: Mapping[str, npt.NDArray[np.float32]], out: Vector | None = None) -> Vector:
        """Lay named arrays into one float32 vector of shape ``(size,)``, in ``out`` where it is given."""
        vector = np.empty(self.size, dtype=np.float32) if out is None else out
        start = 0
        for entry in self.entries:
            vector[start : start + entry.size] = np.asarray(arrays[entry.name], dtype=np.float32).reshape(-1)
            start += entry.size
        return vector

    def unpack(self, vector: Vector) -> dict[str, npt.NDArray[np.float32]]:
        """Views into ``vector`` by name; a caller that changes one changes the vector."""
        if vector.shape != (self.size,):
            raise BadUpdate(institution="?", reason=f"shape {vector.shape} where ({self.size},) belongs")
        arrays: dict[str, npt.NDArray[np.float32]] = {}
        start = 0
        for entry in self.entries:
            arrays[entry.name] = vector[start : start + entry.size].reshape(entry.shape)
            start += entry.size
        return arrays


@dataclass(frozen=True)
class ModelUpdate:
    """An institution's answer to one training round.

    ``vector`` holds the institution's weights after local training, not the difference to the global ones;
    ``examples`` is the number of training rows behind it, the weight of federated averaging. ``members``: the
    institutions whose mean it is, where secure aggregation made one of several; ``institution`` then names the group.
    """

    institution: str
    vector: Vector
    examples: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    members: tuple[str, ...] = ()

    @property
    def participants(self) -> dict[str, int]:
        """Training rows by institution; 0 for the members of a group, whose rows are known in sum alone."""
        return dict.fromkeys(self.members, 0) or {self.institution: self.examples}


def weighted_mean(updates: Sequence[ModelUpdate]) -> Vector:
    """The mean of the updates' vectors weighted by examples, shape ``(parameters,)``.

    The sum runs in float64 over the updates sorted by institution, so that the result does not depend on which answer
    came first. Source: McMahan et al., AISTATS 2017, algorithm 1.
    """
    ordered = sorted(updates, key=lambda update: update.institution)
    total = float(sum(update.examples for update in ordered))
    shares = [np.float64(update.examples / total) for update in ordered]
    mean = np.empty(ordered[0].vector.shape, dtype=np.float32)
    for start in range(0, len(mean), BLOCK):
        block = slice(start, start + BLOCK)
        mean[block] = sum(update.vector[block] * share for update, share in zip(ordered, shares, strict=True))
    return mean
