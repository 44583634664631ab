"""Records from the institution's own database: the patients whose cost is known, and the labelled images.

The caller brings a connection whose transaction sees its own institution's rows and no other's. Values go through the
same readers as the cells of a file, so that a patient means the same wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fedcare.data.records import Images, Loaded, RowProblem
from fedcare.data.schema import ImageSchema, TableSchema
from fedcare.data.sources.columns import match_columns
from fedcare.data.sources.csv_table import TableReader
from fedcare.data.sources.csv_text import CsvRow
from fedcare.data.sources.grey import UnusableImage, decode

PLACE = Path("the database")
COLUMNS = ("age", "sex", "bmi", "children", "smoker", "region", "insurance_cost")
# The order is part of the result: which rows validate depends on it.
_PATIENTS = f"select {', '.join(COLUMNS)} from patients where insurance_cost is not null order by id"  # noqa: S608
_STUDIES = "select path, label from imaging_studies where label is not null order by id"
_COUNTS = {
    "table": "select count(*) from patients where insurance_cost is not null",
    "image": "select count(*) from imaging_studies where label is not null",
}


class Connection(Protocol):
    """A connection of Python's database interface (PEP 249), with a transaction open."""

    def cursor(self) -> Any:
        """A cursor."""
        ...


def read_patients(connection: Connection, schema: TableSchema, task_name: str) -> Loaded:
    """The patients whose cost is known, in order of their ids; a row that does not fit the schema is a problem.

    Raises BadRecords where the task asks for what a patient's record does not have.
    """
    columns = match_columns(COLUMNS, schema, PLACE, task_name)
    reader = TableReader(schema, columns, None)
    for place, values in enumerate(_rows(connection, _PATIENTS), 1):
        reader.take(CsvRow(place, place, ["" if value is None else str(value) for value in values]))
    return Loaded(reader.table(), tuple(reader.problems), columns.ignored)


def read_studies(connection: Connection, schema: ImageSchema, root: Path, within: Path) -> Loaded:
    """The labelled images, in order of their ids; paths are relative to ``root``, and only files ``within`` are read.

    A study without a readable file, or with a label that the task does not have, is a problem.
    """
    rows = _rows(connection, _STUDIES)
    labels = {name.casefold(): number for number, name in enumerate(schema.target.classes)}
    pixels = np.empty((len(rows), schema.image_size, schema.image_size), dtype=np.uint8)
    target, usable = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.bool_)
    problems = []
    for place, (path, label) in enumerate(rows):
        try:
            if label.strip().casefold() not in labels:
                raise UnusableImage("its label is none of the task's classes")
            pixels[place] = decode(_file(root, within, path), schema.image_size)
        except UnusableImage as problem:
            problems.append(RowProblem(place + 1, "path", str(problem)))
            continue
        target[place], usable[place] = labels[label.strip().casefold()], True
    return Loaded(Images(pixels[usable], target[usable]), tuple(problems))


def count(connection: Connection, schema: TableSchema | ImageSchema) -> int:
    """How many rows or images there are to learn from, without reading them."""
    (row,) = _rows(connection, _COUNTS[schema.kind])
    return int(row[0])


def _rows(connection: Connection, query: str) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _file(root: Path, within: Path, path: str) -> Path:
    """The file of a study: whoever writes a path into the table must not make a node read something else."""
    file = (root / path).resolve()
    if not file.is_relative_to(within.resolve()):
        raise UnusableImage("its file is outside the folder of images")
    return file
