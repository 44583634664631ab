"""Patients from a CSV file: what each row says, and what is wrong with those that say nothing usable.

Columns are found by name, in any order and case: age, sex, bmi, children, smoker, region, and where there is one
insurance_cost (or charges, as the known Medical Cost file calls it). Names are optional, since that file has none: a
row without one is named "Patient" and eight letters of its id. A cost is rounded to cents, and the rows where that
changed it are counted. Other columns are ignored and listed.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fedcare.data.cells import category_reader, listed, numeric_reader, shown
from fedcare.data.schema import CategoricalFeature, NumericFeature
from fedcare.data.sources.csv_text import CsvRow, read_sent_rows
from fedcare.db.ids import new_id
from fedcare.errors import BadValue, InvalidRequest, TooLarge, UnreadableFile
from fedcare.gateway.patients.csv_export import unguarded
from fedcare.gateway.patients.money import to_cents
from fedcare.gateway.patients.names import fold
from fedcare.gateway.patients.repository import Row
from fedcare.gateway.patients.schemas import GREATEST_COST

MOST_ROWS = 100_000
MOST_PROBLEMS = 1_000
LONGEST_TEXT = 100
FIRST, LAST, COST = "first_name", "last_name", "insurance_cost"
ALIASES = {"charges": COST, "cost": COST, "given_name": FIRST, "family_name": LAST, "surname": LAST}
MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None", ".")
_GZIP = b"\x1f\x8b"
# Control characters, and bytes that were not UTF-8, which are read as lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Cell = Callable[[str], Any]


@dataclass
class Rows:
    """What was read: ``good`` rows as columns, and the problems of the others as (line, column, reason).

    ``named`` of the good rows had no name, and ``rounded`` a cost of more than two decimals.
    """

    ignored: tuple[str, ...] = ()
    good: list[Row] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    refused: int = 0
    named: int = 0
    rounded: int = 0

    @property
    def total(self) -> int:
        """How many rows the file has."""
        return len(self.good) + self.refused

    def listed(self) -> list[tuple[int, str, str]]:
        """The problems that a report lists."""
        return self.problems[:MOST_PROBLEMS]


def read(content: bytes, limit: int) -> Rows:
    """Every row of a file, gzip or not, which unpacked has ``limit`` bytes at most.

    Raises InvalidRequest for what is no CSV file, lacks a column or has too many rows, and TooLarge.
    """
    try:
        lines = read_sent_rows(_unpacked(content, limit))
        header = next(lines, None)
        if header is None:
            raise _refused("the file is empty")
        reader = _RowReader(_places(header.cells), len(header.cells))
        rows = Rows(reader.ignored(header.cells))
        for line in lines:
            if rows.total == MOST_ROWS:
                raise _refused(f"it has more than {MOST_ROWS} rows; divide it")
            reader.take(line, rows)
    except UnreadableFile as error:
        raise _refused(str(error.details["reason"])) from None
    if not rows.total:
        raise _refused("it has a header and no rows")
    return rows


def _unpacked(content: bytes, limit: int) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as archive:
            unpacked = archive.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise _refused("the gzip archive is damaged") from None
    if len(unpacked) > limit:
        raise TooLarge(limit=limit)
    return unpacked


def _refused(problem: str) -> InvalidRequest:
    return InvalidRequest([{"field": "file", "problem": problem}])


# -- columns ----------------------------------------------------------------------------------------------------------


def _number(name: str, least: float, most: float, *, whole: bool = False, impute: Any = "refuse") -> Cell:
    feature = NumericFeature(name=name, minimum=least, maximum=most, integer=whole, impute=impute)
    read_number = numeric_reader(feature, MISSING)
    return (lambda text: int(read_number(text))) if whole else read_number


def _one_of(name: str, *categories: str) -> Cell:
    read_place = category_reader(CategoricalFeature(name=name, categories=categories), MISSING)
    return lambda text: categories[read_place(text)]


def _cost(text: str) -> float | None:
    if text.strip() in MISSING:
        return None
    return float(_READ_COST(text))


def _line_of(name: str) -> Cell:
    def read_text(text: str) -> str:
        text = unguarded(text.strip()).strip()
        if not text:
            raise BadValue(field=name, reason="the value is missing")
        if len(text) > LONGEST_TEXT:
            raise BadValue(field=name, reason=f"it is longer than {LONGEST_TEXT} characters")
        if _UNPRINTABLE.search(text):
            raise BadValue(field=name, reason="it holds characters that are not UTF-8 or cannot be printed")
        return text

    return read_text


_READ_COST = _number(COST, 0, GREATEST_COST)
_NEEDED: dict[str, Cell] = {
    "age": _number("age", 0, 130, whole=True),
    "sex": _one_of("sex", "female", "male"),
    "bmi": _number("bmi", 5, 150),
    "children": _number("children", 0, 30, whole=True),
    "smoker": _one_of("smoker", "no", "yes"),
    "region": _line_of("region"),
}


def _absent(_: str) -> str:
    raise BadValue(field="name", reason="the file has no such column; a name has two parts, or is left out")


_OPTIONAL: dict[str, Cell] = {COST: _cost}
_NAMES: dict[str, Cell] = {FIRST: _line_of(FIRST), LAST: _line_of(LAST)}


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands; raises InvalidRequest where one is absent or stands twice."""
    places: dict[str, int] = {}
    problems = []
    for place, name in enumerate(header):
        column = _column(name)
        if column in places:
            problems.append(f"more than one column could be {shown(column)}; keep one")
        elif column in _NEEDED or column in _OPTIONAL or column in _NAMES:
            places[column] = place
    absent = [shown(name) for name in _NEEDED if name not in places]
    if absent:
        problems.append(f"without a column for: {listed(absent)}")
    if problems:
        raise InvalidRequest([{"field": "file", "problem": problem} for problem in problems])
    return places


def _column(name: str) -> str:
    plain = "_".join(name.casefold().split())
    return ALIASES.get(plain, plain)


# -- rows -------------------------------------------------------------------------------------------------------------


class _RowReader:
    """Reads one row after another by the places of the columns."""

    def __init__(self, places: dict[str, int], width: int) -> None:
        self._places, self._width = places, width
        self._named = [name for name in _NAMES if name in places]
        self._cells = [(places[name], name, cell) for name, cell in (_NEEDED | _OPTIONAL).items() if name in places]

    def ignored(self, header: Sequence[str]) -> tuple[str, ...]:
        """The header's columns that nothing is read from."""
        used = set(self._places.values())
        return tuple(name.strip() for place, name in enumerate(header) if place not in used)

    def take(self, line: CsvRow, rows: Rows) -> None:
        """Add a row to the good ones, or its problems to the problems."""
        problems: list[tuple[int, str, str]] = []
        row = self._row(line, problems)
        if problems:
            rows.refused += 1
            rows.problems += problems
            return
        if FIRST not in row:
            rows.named += 1
            row |= {FIRST: "Patient", LAST: row["id"][-8:].upper()}
        if row[COST] is not None:
            cents = to_cents(row[COST])
            rows.rounded += cents != row[COST]
            row[COST] = cents
        row["first_folded"], row["last_folded"] = fold(row[FIRST]), fold(row[LAST])
        rows.good.append(row)

    def _row(self, line: CsvRow, problems: list[tuple[int, str, str]]) -> Row:
        cells = line.cells
        if len(cells) < self._width or any(cell.strip() for cell in cells[self._width :]):
            reason = f"it has {len(cells)} cells where the header has {self._width}"
            if line.last_line > line.line:
                reason += f"; it runs on to line {line.last_line}, so a quote may be left open"
            problems.append((line.line, "(row)", reason))
            return {}
        row: Row = {"id": str(new_id()), COST: None}
        for place, name, read_cell in (*self._cells, *self._name_cells(cells)):
            try:
                row[name] = read_cell(cells[place])
            except BadValue as error:
                problems.append((line.line, name, str(error.details["reason"])))
        return row

    def _name_cells(self, cells: Sequence[str]) -> Iterator[tuple[int, str, Cell]]:
        """The columns of the name, unless the row has none at all."""
        if any(cells[self._places[name]].strip() for name in self._named):
            for name, cell in _NAMES.items():
                yield self._places.get(name, -1), name, cell if name in self._places else _absent
