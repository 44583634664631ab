"""The columns by which a table could be divided into institutions, collected while the file is read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from fedcare.data.cells import is_mangled
from fedcare.data.records import Strings

MOST_DISTINCT = 200
MOST_COLUMNS = 200


class _Column:
    """Each row's text as a number of one byte: a genome's thousands of columns must fit into memory."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.codes: dict[str, int] = {}
        self.rows = bytearray()

    def add(self, text: str) -> None:
        self.rows.append(self.codes.setdefault(text, len(self.codes)))

    def array(self) -> Strings:
        return np.array(list(self.codes), dtype=np.str_)[np.frombuffer(self.rows, dtype=np.uint8)]


class GroupColumns:
    """Collects every column that is complete and holds 2 to 200 distinct texts.

    Of thousands of columns the first 200 are followed, and those that are ``wanted`` wherever they stand. The column
    ``divide_by`` is kept with a single text too, so that its user hears of one institution, not of a missing column.
    """

    def __init__(
        self,
        names: Mapping[str, int],
        missing: Collection[str],
        wanted: Collection[str] = (),
        divide_by: str | None = None,
    ) -> None:
        asked = [name for name in (*wanted, divide_by) if name is not None and name in names]
        followed = dict.fromkeys([*asked, *list(names)[:MOST_COLUMNS]])
        self._columns = {name: _Column(names[name]) for name in followed}
        self._missing = frozenset(missing)
        self._divide_by = divide_by

    def add(self, cells: Sequence[str]) -> None:
        """Take in one usable row; a column that shows itself unfit is forgotten."""
        unfit = []
        for name, column in self._columns.items():
            text = cells[column.place].strip()
            if text in column.codes:
                column.add(text)
            elif text in self._missing or len(column.codes) == MOST_DISTINCT or is_mangled(text):
                unfit.append(name)
            else:
                column.add(text)
        for name in unfit:
            del self._columns[name]

    def arrays(self) -> dict[str, Strings]:
        """Text by row of every column that lasted, in the order in which they are followed."""
        kept = {name: column for name, column in self._columns.items() if column.rows}
        return {name: each.array() for name, each in kept.items() if len(each.codes) > 1 or name == self._divide_by}
