"""What the training rows cover, so that a record unlike them can be told from one that is merely rare.

Each institution counts its training rows in coarse bins and says of a bin at most that it holds ``TAIL``: such capped
counts are added up (and masked) like any others, and still tell whether so many rows of the federation lie in some bins
together. A feature was seen from the bin of its third lowest row to that of its third highest, so that no single
patient's extreme value is told, and beyond either by as far again as it is from there to the twelfth row: nothing where
the rows end abruptly, as ages do, and more where they thin out. Without that every eighth new record of 30 features
would count as unlike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST, TAIL = 3, 12
BINS = 64
# Bins lie within so many standard deviations: at most 4% of any rows lie further from their mean (Chebyshev).
DEVIATIONS = 5.0
# Where further rows exist and no range is declared, they are taken to lie within so many.
FAR = 50.0


@dataclass(frozen=True)
class Axis:
    """Equal bins from ``low``, with a cell beneath them that reaches down to ``least`` and one above up to ``most``.

    A whole number's bins hold ``width`` whole numbers each.
    """

    low: float
    high: float
    least: float
    most: float
    width: float
    is_whole: bool = False

    @property
    def cells(self) -> int:
        """Bins and the two cells beside them."""
        span = self.high - self.low + (1 if self.is_whole else 0)
        return max(1, ceil(span / self.width - 1e-9)) + 2

    def counts(self, values: Floats) -> Floats:
        """Rows by cell, capped, shape ``(cells,)``; NaN is no value and counts nowhere."""
        known = values[~np.isnan(values)]
        places = np.clip(np.floor((known - self.low) / self.width), 0, self.cells - 3) + 1
        places[known < self.low], places[known > self.high] = 0, self.cells - 1
        return capped(np.bincount(places.astype(np.int64), minlength=self.cells))

    def seen(self, totals: Floats) -> tuple[float, float] | None:
        """From where to where rows were seen; None for fewer than ``LEAST``."""
        if totals.sum() < LEAST:
            return None
        first, down = _end(totals)
        last, up = _end(totals[::-1])
        # Of fewer than five rows the third lowest lies above the third highest.
        low, high = sorted((first, self.cells - 1 - last))
        from_ = self.least if low == 0 else max(self.least, self.low + (low - 1 - down) * self.width)
        past = self.low + (high + up) * self.width - (1 if self.is_whole else 0)
        return from_, self.most if high == self.cells - 1 else min(self.most, past)


def axis(
    mean: float, scale: float, least: float | None = None, most: float | None = None, is_whole: bool = False
) -> Axis:
    """The bins of a feature of this mean and deviation, within its declared range where there is one."""
    low, high = mean - DEVIATIONS * scale, mean + DEVIATIONS * scale
    low, high = low if least is None else max(low, least), high if most is None else min(high, most)
    ends = mean - FAR * scale if least is None else least, mean + FAR * scale if most is None else most
    if is_whole:
        low, high = float(ceil(low)), float(max(ceil(low), floor(high)))
        outmost = float(floor(ends[0])), float(ceil(ends[1]))
        return Axis(low, high, *outmost, width=float(ceil((high - low + 1) / BINS)), is_whole=True)
    return Axis(low, high, *ends, width=(high - low) / BINS or 1.0)


def _end(totals: Floats) -> tuple[int, int]:
    """The cell of the row of rank ``LEAST``, and how many cells further in that of rank ``TAIL`` lies."""
    ranks = np.minimum(np.cumsum(totals), TAIL)
    first = int(np.argmax(ranks >= LEAST))
    return first, int(np.argmax(ranks == ranks[-1])) - first


def capped(counts: npt.NDArray[Any]) -> Floats:
    """Counts of which nothing is told beyond ``TAIL``."""
    told: Floats = np.minimum(counts, TAIL).astype(np.float64)
    return told


@dataclass(frozen=True)
class Support:
    """What was seen: from where to where by number, and by categorical feature the categories that hardly occurred.

    A number that is absent had too few values to tell. ``rare`` are categories of fewer than ``LEAST`` rows.
    """

    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rare: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "rare": {name: list(categories) for name, categories in self.rare.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Support | None:
        """The inverse of ``to_json``; None for a version that does not know what was seen."""
        if value is None:
            return None
        return cls(
            ranges={name: (float(low), float(high)) for name, (low, high) in value["ranges"].items()},
            rare={name: tuple(map(str, categories)) for name, categories in value["rare"].items()},
        )


def ranges_of(axes: Mapping[str, Axis], totals: Floats) -> dict[str, tuple[float, float]]:
    """What was seen on each axis; ``totals`` holds their cells one after another."""
    found, start = {}, 0
    for name, each in axes.items():
        ends = each.seen(totals[start : start + each.cells])
        start += each.cells
        if ends is not None:
            found[name] = ends
    return found


def rare_of(categories: Mapping[str, Sequence[str]], totals: Floats) -> dict[str, tuple[str, ...]]:
    """The rare categories of each feature; ``totals`` holds the counts of their categories one after another."""
    found, start = {}, 0
    for name, known in categories.items():
        counts = totals[start : start + len(known)]
        start += len(known)
        found[name] = tuple(each for each, count in zip(known, counts, strict=True) if count < LEAST)
    return found
