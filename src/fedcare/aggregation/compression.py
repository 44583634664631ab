"""A movement of the weights made small on its way to the coordinator: both halves, and what is kept back meanwhile.

``int8`` holds blocks of numbers as multiples, -127 to 127, of a scale each (1.6% more than a byte a number with blocks
of 256); ``topk`` holds the greatest absolute entries and where they stand. What rounding or leaving out loses stays at
the institution and is added to its next movement (error feedback: Karimireddy et al., ICML 2019), so that the sum of
what was sent follows the sum of what was meant. Batch norm's running statistics, a thousandth of a network, travel as
they are: a variance rounded below zero would end in NaN.

On the wire: a head (method, block or number of entries, length, length of the part that is not compressed), then the
arrays, little-endian and without gaps.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from fedcare.aggregation.kept_back import KeptBack
from fedcare.privacy.norm_bound import norm, shortened
from fedcare.protections import Compression
from fedcare.update import Vector

Bytes = npt.NDArray[np.uint8]
_HEAD = struct.Struct("<4sIQQ")
_MOST = 127
_SCALE, _NUMBER, _PLACE = np.dtype("<f4"), np.dtype("<f4"), np.dtype("<u4")


# -- at the institution -----------------------------------------------------------------------------------------------


class Feedback:
    """Compresses one institution's movements, and remembers by round what compression kept back of them."""

    def __init__(self, kept: KeptBack) -> None:
        self._kept = kept

    def compress(
        self, round_number: int, movement: Vector, learned: int, choice: Compression, bound: float | None
    ) -> Bytes:
        """The movement and what was kept back of the former ones, no longer than ``bound``, as bytes.

        A question that is asked again, as after a restart of the coordinator, is answered with the same bytes.
        ``learned``: length of the vector's first part, which is compressed. What the bound cuts off is not kept: it was
        never meant to arrive.
        """
        wanted = self.wanted(round_number, movement, bound)
        data = encoded(wanted, learned, choice)
        sent = decoded(data, len(movement), choice)
        if bound is not None and (length := norm(sent)) > bound:
            # Rounding can lengthen a little. Both methods commute with scaling, so the second attempt fits.
            data = encoded(wanted * np.float32(bound / length), learned, choice)
            sent = decoded(data, len(movement), choice)
        self.keep(round_number, wanted - sent)
        return data

    def wanted(self, round_number: int, movement: Vector, bound: float | None) -> Vector:
        """The movement and what was kept back of the former ones, no longer than ``bound``."""
        before = self._kept.before(round_number)
        return shortened(movement if before is None else movement + before, bound)

    def keep(self, round_number: int, rest: Vector) -> None:
        """Keep back what was not sent in a round. Raises StorageFull."""
        self._kept.keep(round_number, rest)


def encoded(movement: Vector, learned: int, choice: Compression) -> Bytes:
    """The movement, shape ``(parameters,)``, as bytes, of which the first ``learned`` numbers are compressed."""
    first, rest = movement[:learned], movement[learned:]
    number, arrays = _in_blocks(first, choice.block) if choice.method == "int8" else _greatest(first, choice.keep)
    head = _HEAD.pack(choice.method.encode(), number, len(movement), len(rest))
    parts = [array.tobytes() for array in (*arrays, rest.astype(_NUMBER, copy=False))]
    return np.frombuffer(b"".join((head, *parts)), np.uint8)


def _in_blocks(numbers: Vector, block: int) -> tuple[int, list[npt.NDArray[np.generic]]]:
    """A scale for each block, and the numbers as multiples of it, rounded to the nearest."""
    whole = np.zeros((-(-len(numbers) // block), block), dtype=np.float32)
    whole.reshape(-1)[: len(numbers)] = numbers
    scales = np.abs(whole).max(axis=1, initial=0.0) / np.float32(_MOST)
    whole /= np.where(scales > 0, scales, 1)[:, None]
    # Where a scale is so small that it has lost digits itself, a multiple may come out above what a byte holds.
    levels = np.clip(np.rint(whole, out=whole), -_MOST, _MOST, out=whole).astype(np.int8)
    return block, [scales.astype(_SCALE, copy=False), levels.reshape(-1)[: len(numbers)]]


def _greatest(numbers: Vector, keep: float) -> tuple[int, list[npt.NDArray[np.generic]]]:
    """The share ``keep`` of the numbers with the greatest absolute value, and their places in ascending order."""
    count = max(1, round(keep * len(numbers))) if len(numbers) else 0
    if count == len(numbers):
        places = np.arange(count)
    else:
        places = np.sort(np.argpartition(np.abs(numbers), len(numbers) - count)[len(numbers) - count :])
    return count, [places.astype(_PLACE), numbers[places].astype(_NUMBER, copy=False)]


# -- at the coordinator -----------------------------------------------------------------------------------------------


def decoded(data: Bytes, size: int, choice: Compression) -> Vector:
    """The movement, shape ``(size,)``, that came as bytes; raises ValueError where they are not one of this plan.

    The head is believed only as far as the number of bytes bears it out, so nothing is allocated on its word.
    """
    if len(data) < _HEAD.size:
        raise ValueError("the compressed update is cut short")
    method, number, length, rest = _HEAD.unpack(data[: _HEAD.size].tobytes())
    if method != choice.method.encode() or length != size or rest > size:
        raise ValueError(f"a compressed update of another kind or length where {choice.method} of {size} belongs")
    learned = size - rest
    movement = np.zeros(size, dtype=np.float32)
    body = data[_HEAD.size :]
    if choice.method == "int8":
        _fill_from_blocks(movement[:learned], number, body, rest, choice.block)
    else:
        _fill_from_greatest(movement[:learned], number, body, rest)
    movement[learned:] = np.frombuffer(body[len(body) - rest * _NUMBER.itemsize :].tobytes(), _NUMBER)
    return movement


def _fill_from_blocks(movement: Vector, block: int, body: Bytes, rest: int, expected: int) -> None:
    blocks = -(-len(movement) // expected)
    end = blocks * _SCALE.itemsize
    if block != expected or len(body) != end + len(movement) + rest * _NUMBER.itemsize:
        raise ValueError("the compressed update has not the length that its head claims")
    scales = np.frombuffer(body[:end].tobytes(), _SCALE)
    if not (np.isfinite(scales).all() and (scales >= 0).all()):
        raise ValueError("the compressed update holds a scale that is none")
    movement[:] = body[end : end + len(movement)].view(np.int8)
    whole = len(movement) // expected * expected
    movement[:whole].reshape(-1, expected)[...] *= scales[: whole // expected, None]
    movement[whole:] *= scales[-1:] if whole < len(movement) else 1


def _fill_from_greatest(movement: Vector, count: int, body: Bytes, rest: int) -> None:
    each = _PLACE.itemsize + _NUMBER.itemsize
    if count > len(movement) or len(body) != count * each + rest * _NUMBER.itemsize:
        raise ValueError("the compressed update has not the length that its head claims")
    places = np.frombuffer(body[: count * _PLACE.itemsize].tobytes(), _PLACE)
    if count and not (places[-1] < len(movement) and (np.diff(places.astype(np.int64)) > 0).all()):
        raise ValueError("the compressed update names a weight twice, or one that there is not")
    movement[places] = np.frombuffer(body[count * _PLACE.itemsize : count * each].tobytes(), _NUMBER)
