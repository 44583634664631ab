"""The chance that protects patients: Gaussian noise and secret samples of rows.

It comes from the operating system and is kept by nobody: whoever could draw the same numbers again could take the noise
off, and whoever knew a batch would lose a patient the protection of not being in it. Numbers are those of Philox with a
key of 128 random bits (Salmon et al., SC 2011), a new one for each answer.

Limit: the accountant's Gaussians are real numbers and these are floating-point ones, whose last bits can tell a little
of what they were added to (Mironov, CCS 2012). Noise is drawn and added in float64, rounded once to float32 afterwards,
and many such sums are mixed in what leaves; that makes such an attack far-fetched, not impossible.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fedcare.plan import derive_seed

KEY_BYTES = 16


class Chance:
    """Draws for one answer; with a ``seed`` always the same ones, which protect nobody and serve tests alone."""

    def __init__(self, seed: int | None = None) -> None:
        key = int.from_bytes(os.urandom(KEY_BYTES)) if seed is None else derive_seed(seed, "noise")
        self._generator = np.random.Generator(np.random.Philox(key=key))

    def gaussian(self, shape: int | Sequence[int], deviation: float) -> npt.NDArray[np.float64]:
        """Independent normal numbers about zero."""
        drawn: npt.NDArray[np.float64] = self._generator.standard_normal(shape)
        drawn *= deviation
        return drawn

    def sample(self, rows: int, rate: float) -> npt.NDArray[np.int64]:
        """The places of a Poisson sample: each of the rows is in it with chance ``rate``, whatever the others do."""
        if rate >= 1.0:
            return np.arange(rows, dtype=np.int64)
        return np.flatnonzero(self._generator.random(rows) < rate).astype(np.int64)

    def seed(self) -> int:
        """A seed of 63 bits for something else that must be secret, such as dropout's masks."""
        return int(self._generator.integers(2**63))
