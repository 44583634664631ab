"""Tables in CSV files: good rows become records, bad rows are named one by one, nothing else is lost."""

from __future__ import annotations

import csv
import gzip
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from fedcare.data.cells import MISSING_CATEGORY, category_reader, numeric_reader, target_reader
from fedcare.data.records import Loaded, RowProblem, Strings, Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.data.sources.columns import Columns, match_columns
from fedcare.data.sources.csv_text import CsvRow, read_rows
from fedcare.data.sources.groups import GroupColumns
from fedcare.errors import BadRecords, BadValue

# A column of this name that says nothing else is taken as the file's own division.
SPLIT_COLUMN = "split"
_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


def read_table(path: str | Path, schema: TableSchema, task_name: str, divide_by: str | None = None) -> Loaded:
    """Read a CSV file (gzip or not) as an institution's records.

    Every column that is complete and has 2 to 200 distinct texts becomes a group; a row without a value in
    ``divide_by``, the column that is to divide the rows into institutions, is a bad row. A column ``split`` of nothing
    but train, validation (or val) and test says which row is for what. There may be no usable row at all: the caller
    decides what to do then. Raises ``FileMissing``, ``UnreadableFile``, or ``BadRecords`` where the file is empty, has
    only a header, or lacks a column.
    """
    path = Path(path)
    rows = read_rows(path)
    header = next(rows, None)
    if header is None:
        raise BadRecords(path=path, task=task_name, reason="the file is empty")
    columns = match_columns(header.cells, schema, path, task_name)
    reader = TableReader(schema, columns, divide_by)
    for row in rows:
        reader.take(row)
    if not reader.seen:
        raise BadRecords(path=path, task=task_name, reason="it has a header and no rows")
    return Loaded(reader.table(), tuple(reader.problems), columns.ignored)


class TableReader:
    """Collects the good rows of any table of texts column by column, and the problems of the bad ones."""

    def __init__(self, schema: TableSchema, columns: Columns, divide_by: str | None) -> None:
        names = columns.names()
        self._schema, self._width = schema, len(columns.header)
        self._readers = [(columns.place[name], name, reader) for name, reader in _readers(schema)]
        self._divide_by = (names[divide_by], divide_by) if divide_by in names and divide_by is not None else None
        wanted = [*(feature.name for feature in schema.categorical), SPLIT_COLUMN]
        self._groups = GroupColumns(names, {*schema.missing, ""}, wanted, divide_by)
        self._values = [array("d") for _ in self._readers]
        self.problems: list[RowProblem] = []
        self.seen = 0

    def take(self, row: CsvRow) -> None:
        """Take in one row, good or bad."""
        self.seen += 1
        problems = [self._misfit(row)] if self._wrong_length(row.cells) else []
        values = [] if problems else self._read(row, problems)
        if problems:
            self.problems.extend(problems)
            return
        for column, value in zip(self._values, values, strict=True):
            column.append(value)
        self._groups.add(row.cells)

    def _wrong_length(self, cells: Sequence[str]) -> bool:
        """Blank cells beyond the header are harmless: spreadsheets leave them."""
        return len(cells) < self._width or any(cell.strip() for cell in cells[self._width :])

    def _misfit(self, row: CsvRow) -> RowProblem:
        reason = f"it has {len(row.cells)} cells where the header has {self._width}"
        if row.last_line > row.line:
            reason += f"; it runs on to line {row.last_line}, so a quote may be left open"
        return RowProblem(row.line, "(row)", reason)

    def _read(self, row: CsvRow, problems: list[RowProblem]) -> list[float]:
        values = []
        for place, name, reader in self._readers:
            try:
                values.append(reader(row.cells[place]))
            except BadValue as error:
                problems.append(RowProblem(row.line, name, str(error.details["reason"])))
        if self._divide_by and row.cells[self._divide_by[0]].strip() in {*self._schema.missing, ""}:
            problems.append(RowProblem(row.line, self._divide_by[1], "the value that names its institution is missing"))
        return values

    def table(self) -> Table:
        """The good rows."""
        arrays = {name: np.array(values) for (_, name, _), values in zip(self._readers, self._values, strict=True)}
        groups = self._groups.arrays()
        return Table(
            numeric={feature.name: arrays[feature.name] for feature in self._schema.numeric},
            categorical={feature.name: arrays[feature.name].astype(np.int64) for feature in self._schema.categorical},
            target=arrays[self._schema.target.name],
            groups=groups,
            split=_split(groups.get(SPLIT_COLUMN)) if SPLIT_COLUMN not in self._schema.feature_names else None,
        )


def _readers(schema: TableSchema) -> Iterator[tuple[str, Callable[[str], float]]]:
    for numeric in schema.numeric:
        yield numeric.name, numeric_reader(numeric, schema.missing)
    for categorical in schema.categorical:
        yield categorical.name, category_reader(categorical, schema.missing)
    yield schema.target.name, target_reader(schema.target, schema.missing)


def _split(column: Strings | None) -> Strings | None:
    if column is None or not set(column.tolist()) <= set(_SPLITS):
        return None
    return np.array([_SPLITS[text] for text in column.tolist()])


# -- writing ----------------------------------------------------------------------------------------------------------


def write_table(path: str | Path, schema: TableSchema, table: Table) -> None:
    """Write records as a CSV file that ``read_table`` reads back, gzip where the name ends in ``.gz``."""
    path = Path(path)
    columns = {name: values.tolist() for name, values in table.groups.items()}
    columns |= {feature.name: _numbers(feature, table) for feature in schema.numeric}
    columns |= {feature.name: _categories(feature, table) for feature in schema.categorical}
    columns[schema.target.name] = _targets(schema.target, table)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _create(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _create(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", newline="", encoding="utf-8")
    return path.open("w", newline="", encoding="utf-8")


def _numbers(feature: NumericFeature, table: Table) -> list[str]:
    return ["" if np.isnan(value) else _short(value) for value in table.numeric[feature.name].tolist()]


def _categories(feature: CategoricalFeature, table: Table) -> list[str]:
    places = table.categorical[feature.name].tolist()
    return ["" if place == MISSING_CATEGORY else feature.categories[place] for place in places]


def _targets(target: Target, table: Table) -> list[str]:
    values = table.target.tolist()
    return [target.classes[int(value)] for value in values] if target.classes else [_short(value) for value in values]


def _short(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
