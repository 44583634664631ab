"""Masks over what an institution sends: keystreams that look random to whoever lacks the seed.

A pair of institutions shares a seed; one adds the keystream, the other takes it away, and in the sum it is gone. A
second mask, of the institution alone, protects it where its share of the pair's masks had to be revealed because it
seemed to have dropped out (Bonawitz et al., CCS 2017, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.fixed_point import LIMBS, WIDE_BYTES, Ring, Wide, add, negated

Bytes = npt.NDArray[np.uint8]
SEED_BYTES = 32
# Bytes of keystream at a time: they stay in the processor's cache.
_CHUNK = 1 << 18
_ZEROS = memoryview(bytes(_CHUNK))


@dataclass
class Masked:
    """What is added up: a few ``wide`` numbers, shape ``(numbers, 3)``, and a movement in the ``ring``."""

    wide: Wide
    ring: Ring

    def copy(self) -> Masked:
        """Another one of the same numbers."""
        return Masked(self.wide.copy(), self.ring.copy())

    def add(self, other: Masked) -> None:
        """Add another's numbers to these; raises SecureSumFailed where they are not as many."""
        if other.wide.shape != self.wide.shape or other.ring.shape != self.ring.shape:
            raise SecureSumFailed(reason="institutions answered with different numbers of sums or weights")
        add(self.wide, other.wide)
        self.ring += other.ring

    def mask(self, seed: bytes, sign: int) -> None:
        """Add (``sign`` 1) or take away (-1) the keystream of a seed of 32 bytes, which is used for nothing else."""
        stream = _Keystream(seed, min(_CHUNK, max(self.wide.nbytes, self.ring.nbytes)))
        pads = np.frombuffer(stream.next(self.wide.nbytes), "<u8").reshape(-1, LIMBS)
        add(self.wide, pads if sign > 0 else negated(pads))
        operation = np.add if sign > 0 else np.subtract
        for start in range(0, len(self.ring), _CHUNK // 4):
            block = self.ring[start : start + _CHUNK // 4]
            operation(block, np.frombuffer(stream.next(block.nbytes), "<u4"), out=block)

    def to_bytes(self) -> Bytes:
        """As it travels: the wide numbers, then the ring's, little-endian."""
        wide, ring = self.wide.astype("<u8", copy=False), self.ring.astype("<u4", copy=False)
        return np.concatenate([wide.reshape(-1).view(np.uint8), ring.view(np.uint8)])

    @classmethod
    def from_bytes(cls, data: Bytes, parameters: int) -> Masked:
        """The inverse, of a movement of so many numbers; the arrays are its own. Raises SecureSumFailed."""
        end = len(data) - 4 * parameters
        if end < 0 or end % WIDE_BYTES:
            raise SecureSumFailed(reason="a masked answer has a length that it cannot have")
        wide = np.frombuffer(data, "<u8", count=end // 8).reshape(-1, LIMBS).astype(np.uint64)
        return cls(wide, np.frombuffer(data, "<u4", offset=end).astype(np.uint32))


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
