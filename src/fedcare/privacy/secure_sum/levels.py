"""Movements of weights as whole numbers of eight bits on a scale that all institutions share, so that masks fit on.

A third ring beside those of ``fixed_point``: 2^8, a quarter of float32's bytes. An institution cannot choose its scale
itself, as numbers on different scales do not add up; so everybody first adds up how far blocks of weights moved
(``spread``), and the sum makes one ``Scale`` for all. Each institution's numbers, *levels*, are its movement times its
share of the rows; how great they may be follows from the share, so that no sum of any of the members leaves the ring
(``Scale.most``). What is rounded or cut off is returned, to be kept back for the next round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcare.errors import SecureSumFailed
from fedcare.update import BLOCK, Vector

Levels = npt.NDArray[np.uint8]

MOST = 127
"""Greatest absolute number that a sum in the ring can hold."""

MOST_MEMBERS = 64
"""Institutions in one such sum at most: half of the ring is left for shares of the rows."""

HEADROOM = 5.0
"""A movement of so many times its block's root mean square is cut off, and what was cut off kept back."""

_LEAST = 2.0**-29
"""Least root mean square of a block, as a share of the plan's bound: what the ring of 32 bits rounds away anyway."""


# -- the scale that all share -----------------------------------------------------------------------------------------


def spread(movement: Vector, block: int) -> Vector:
    """The root mean square of each block of a movement, shape ``(blocks,)``; NaN or infinity where an entry is so."""
    found = np.empty(-(-len(movement) // block), dtype=np.float32)
    for part, blocks in _pieces(len(movement), block):
        squares = np.square(movement[part], dtype=np.float64)
        starts = np.arange(0, len(squares), block)
        lengths = np.diff(np.append(starts, len(squares)))
        found[blocks] = np.sqrt(np.add.reduceat(squares, starts) / lengths)
    return found


def room_for(rows: int) -> int:
    """Rows that a sum gets room for: never fewer, and at most a quarter more.

    Institutions are told it. Rounded up to three binary digits it does not tell them how many rows those have who
    dropped out of a round.
    """
    unit = 1 << max(0, rows.bit_length() - 3)
    return -(-rows // unit) * unit


def require_room(members: int) -> None:
    """Raise SecureSumFailed for more members than a sum has room for."""
    if not 1 <= members <= MOST_MEMBERS:
        reason = f"{members} institutions in one sum of eight bits a weight, which has room for {MOST_MEMBERS}"
        raise SecureSumFailed(reason=f"{reason}; set privacy.secure.groups to divide them")


@dataclass(frozen=True)
class Scale:
    """What the numbers of one sum mean, the same for everybody in it.

    ``steps``: movement that one level stands for, shape ``(blocks,)``, for each ``block`` weights. ``rows``: training
    rows that the sum has room for. ``members``: institutions asked to take part.
    """

    steps: Vector
    block: int
    rows: int
    members: int

    @classmethod
    def of(cls, spreads: Vector, block: int, rows: int, members: int, bound: float) -> Scale:
        """The scale for blocks that moved so far in the mean of institutions with so many rows.

        ``bound`` is the plan's. Raises SecureSumFailed for more members than the ring has room for.
        """
        steps = np.maximum(spreads.astype(np.float64), _LEAST * bound) * (HEADROOM / MOST)
        return cls(steps.astype(np.float32), block, room_for(rows), members)

    def __post_init__(self) -> None:
        """Raise SecureSumFailed for what is no scale, whoever sent it."""
        require_room(self.members)
        if self.rows < 1 or not (np.isfinite(self.steps).all() and (self.steps > 0).all()):
            raise SecureSumFailed(reason="the scale that was sent for eight bits a weight is none")

    def most(self, own: int) -> int:
        """Greatest absolute level of an institution with so many rows.

        One, and what the others' ones leave of the ring by shares of the rows, rounded down: over members whose rows
        are no more than ``rows`` together, this adds up to 127 at most, whatever they send and whoever drops out.
        Raises SecureSumFailed for more rows than there is room for.
        """
        if not 0 <= own <= self.rows:
            raise SecureSumFailed(reason="this institution has more rows than all were said to have together")
        return 1 + (MOST - self.members) * own // self.rows


# -- movements of weights, 8 bits -------------------------------------------------------------------------------------


def to_levels(movement: Vector, own: int, scale: Scale, *, shorter: bool = False) -> tuple[Levels, Vector]:
    """A movement as levels in two's complement, and the movement that they stand for, each shape ``(parameters,)``.

    ``own``: the institution's rows; its movement counts by its share of ``scale.rows``. The nearest level is taken, or
    with ``shorter`` the next one towards zero: then no entry of what is sent is longer than it was meant, so that a
    bound on the norm holds.
    """
    share, most = own / scale.rows, scale.most(own)
    levels, sent = np.empty(len(movement), dtype=np.uint8), np.zeros(len(movement), dtype=np.float32)
    rounded = np.trunc if shorter else np.rint
    for part, blocks in _pieces(len(movement), scale.block):
        steps = _each(scale.steps[blocks], scale.block, part)
        whole = np.clip(rounded(movement[part] * share / steps), -most, most)
        levels[part] = whole.astype(np.int8).view(np.uint8)
        if own:
            sent[part] = whole * steps / share
    return levels, sent


def from_levels(total: Levels, examples: int, scale: Scale) -> Vector:
    """The mean movement weighted by rows from the sum of the members' levels; ``examples``: their rows together."""
    mean = np.empty(len(total), dtype=np.float32)
    for part, blocks in _pieces(len(total), scale.block):
        mean[part] = total[part].view(np.int8) * _each(scale.steps[blocks], scale.block, part) * (scale.rows / examples)
    return mean


def _each(steps: Vector, block: int, part: slice) -> npt.NDArray[np.float64]:
    """The step of each weight of a part."""
    return np.repeat(steps.astype(np.float64), block)[: part.stop - part.start]


def _pieces(size: int, block: int) -> Iterator[tuple[slice, slice]]:
    """Places of weights in whole blocks, few enough to stay in the processor's cache, and of their blocks."""
    width = max(1, BLOCK // block) * block
    for start in range(0, size, width):
        end = min(start + width, size)
        yield slice(start, end), slice(start // block, -(-end // block))
