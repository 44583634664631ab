"""Checked records: what every source gives and everything after it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Table:
    """Rows of a table that fit its schema.

    ``numeric``: float64 by feature, NaN where missing. ``categorical``: int64 by feature, the category's place in the
    schema, -1 where missing. ``target``: float64, the class's place for classes, else in the target's unit.
    ``groups``: the text of every column that could divide the rows into institutions. ``split``: ``train``,
    ``validation`` or ``test`` for each row where the file itself says so. All arrays have shape ``(rows,)``.
    """

    numeric: Mapping[str, npt.NDArray[np.float64]]
    categorical: Mapping[str, npt.NDArray[np.int64]]
    target: npt.NDArray[np.float64]
    groups: Mapping[str, Strings] = field(default_factory=dict)
    split: Strings | None = None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Rows) -> Table:
        """The given rows, in the given order."""
        return replace(
            self,
            numeric={name: values[rows] for name, values in self.numeric.items()},
            categorical={name: values[rows] for name, values in self.categorical.items()},
            target=self.target[rows],
            groups={name: values[rows] for name, values in self.groups.items()},
            split=None if self.split is None else self.split[rows],
        )

    def joined(self, other: Table) -> Table:
        """These rows and then the other's, without what could divide them."""
        numeric = {name: np.concatenate([own, other.numeric[name]]) for name, own in self.numeric.items()}
        chosen = {name: np.concatenate([own, other.categorical[name]]) for name, own in self.categorical.items()}
        return Table(numeric, chosen, np.concatenate([self.target, other.target]))


@dataclass(frozen=True)
class Images:
    """Grey images that fit their schema.

    ``pixels``: uint8, shape ``(rows, height, width)``. ``target``: float64, the class's place, shape ``(rows,)``.
    ``groups`` and ``split`` as in ``Table``.
    """

    pixels: npt.NDArray[np.uint8]
    target: npt.NDArray[np.float64]
    groups: Mapping[str, Strings] = field(default_factory=dict)
    split: Strings | None = None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Rows) -> Images:
        """The given rows, in the given order."""
        return replace(
            self,
            pixels=self.pixels[rows],
            target=self.target[rows],
            groups={name: values[rows] for name, values in self.groups.items()},
            split=None if self.split is None else self.split[rows],
        )

    def joined(self, other: Images) -> Images:
        """These rows and then the other's, without what could divide them."""
        return Images(np.concatenate([self.pixels, other.pixels]), np.concatenate([self.target, other.target]))


Records = Table | Images


@dataclass(frozen=True)
class Institution:
    """One institution's records, divided into what trains, what chooses and what judges.

    ``test`` is None unless the file brings its own test rows.
    """

    name: str
    train: Records
    validation: Records
    test: Records | None = None


@dataclass(frozen=True)
class RowProblem:
    """Why one row of a file cannot be used: its line number (from 1, the header counted), column and reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What came out of a source: the usable records, the bad rows, and the columns nobody declared."""

    records: Records
    problems: tuple[RowProblem, ...] = ()
    ignored_columns: tuple[str, ...] = ()
