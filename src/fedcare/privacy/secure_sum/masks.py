"""Masks over what an institution sends: keystreams that look random to whoever lacks the seed.

A pair of institutions shares a seed; one adds the keystream, the other takes it away, and in the sum it is gone. A
second mask, of the institution alone, protects it where its share of the pair's masks had to be revealed because it
seemed to have dropped out (Bonawitz et al., CCS 2017, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.fixed_point import LIMBS, WIDE_BYTES, Ring, Wide, add, negated
from fedcare.privacy.secure_sum.levels import Levels

Bytes = npt.NDArray[np.uint8]
SEED_BYTES = 32
# Bytes of keystream at a time: they stay in the processor's cache.
_CHUNK = 1 << 18
_ZEROS = memoryview(bytes(_CHUNK))


@dataclass
class Masked:
    """What is added up: a few ``wide`` numbers, shape ``(numbers, 3)``, and a movement in the ``ring`` of 32 bits, or
    most of it as ``levels`` of eight.
    """

    wide: Wide
    ring: Ring
    levels: Levels = field(default_factory=lambda: np.empty(0, np.uint8))

    def copy(self) -> Masked:
        """Another one of the same numbers."""
        return Masked(self.wide.copy(), self.ring.copy(), self.levels.copy())

    def add(self, other: Masked) -> None:
        """Add another's numbers to these; raises SecureSumFailed where they are not as many."""
        if [each.shape for each in other._arrays] != [each.shape for each in self._arrays]:
            raise SecureSumFailed(reason="institutions answered with different numbers of sums or weights")
        add(self.wide, other.wide)
        self.ring += other.ring
        self.levels += other.levels

    def mask(self, seed: bytes, sign: int) -> None:
        """Add (``sign`` 1) or take away (-1) the keystream of a seed of 32 bytes, which is used for nothing else."""
        stream = _Keystream(seed, min(_CHUNK, max(array.nbytes for array in self._arrays)))
        pads = np.frombuffer(stream.next(self.wide.nbytes), "<u8").reshape(-1, LIMBS)
        add(self.wide, pads if sign > 0 else negated(pads))
        operation = np.add if sign > 0 else np.subtract
        for array, kind in ((self.ring, "<u4"), (self.levels, "u1")):
            most = _CHUNK // array.itemsize
            for start in range(0, len(array), most):
                block = array[start : start + most]
                operation(block, np.frombuffer(stream.next(block.nbytes), kind), out=block)

    def to_bytes(self) -> Bytes:
        """As it travels: the wide numbers, then the ring's, little-endian, then the levels."""
        wide, ring = self.wide.astype("<u8", copy=False), self.ring.astype("<u4", copy=False)
        return np.concatenate([wide.reshape(-1).view(np.uint8), ring.view(np.uint8), self.levels])

    @classmethod
    def from_bytes(cls, data: Bytes, parameters: int, levels: int = 0) -> Masked:
        """The inverse, of so many ``parameters`` of 32 bits and ``levels``; the arrays are its own.

        Raises SecureSumFailed.
        """
        end = len(data) - 4 * parameters - levels
        if end < 0 or end % WIDE_BYTES:
            raise SecureSumFailed(reason="a masked answer has a length that it cannot have")
        wide = np.frombuffer(data, "<u8", count=end // 8).reshape(-1, LIMBS).astype(np.uint64)
        ring = np.frombuffer(data, "<u4", count=parameters, offset=end).astype(np.uint32)
        return cls(wide, ring, np.frombuffer(data, np.uint8, offset=end + ring.nbytes).copy())

    @property
    def _arrays(self) -> tuple[Wide, Ring, Levels]:
        return self.wide, self.ring, self.levels


class _Keystream:
    """ChaCha20 (RFC 8439) from counter 0 and nonce 0: each seed is the key of one keystream only."""

    def __init__(self, seed: bytes, chunk: int) -> None:
        self._encryptor = Cipher(algorithms.ChaCha20(seed, bytes(16)), mode=None).encryptor()
        self._pad = memoryview(bytearray(chunk))

    def next(self, count: int) -> memoryview:
        """The next bytes of the stream; good until the next call unless there are more than a chunk of them."""
        if count > len(self._pad):
            return memoryview(self._encryptor.update(bytes(count)))
        self._encryptor.update_into(_ZEROS[:count], self._pad)
        return self._pad[:count]
