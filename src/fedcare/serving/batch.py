"""A CSV of records to predict for: like a training file, but the target's column may be absent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fedcare.data.cells import listed, shown
from fedcare.data.schema import TableSchema
from fedcare.data.sources.csv_text import read_rows
from fedcare.errors import BadRecords, BadValue
from fedcare.serving.answers import Refusal
from fedcare.tasks.spec import Task


@dataclass(frozen=True)
class Batch:
    """Texts by feature of every row that can be read, and the refusals of the others, each with its line number."""

    rows: tuple[tuple[int, dict[str, str]], ...]
    refused: tuple[tuple[int, Refusal], ...]


def read_batch(path: Path, task: Task) -> Batch:
    """Read the rows of a CSV file (gzip or not) by its header; columns that the task does not declare are ignored.

    A feature's column may be absent where the task imputes it. Raises FileMissing, UnreadableFile, BadRecords for a
    file that is empty or lacks a column, and BadValue where the task is about images.
    """
    schema = task.records
    if not isinstance(schema, TableSchema):
        raise BadValue(field="csv", reason=f"the task {task.name} predicts from images: use --image")
    lines = read_rows(path)
    header = next(lines, None)
    if header is None:
        raise BadRecords(path=path, task=task.name, reason="the file is empty")
    names = [name.strip() for name in header.cells]
    _check(names, schema, path, task.name)
    rows, refused = [], []
    for line in lines:
        if len(line.cells) < len(names) or any(cell.strip() for cell in line.cells[len(names) :]):
            reason = f"it has {len(line.cells)} cells where the header has {len(names)}"
            refused.append((line.line, Refusal((("(row)", reason),))))
        else:
            rows.append((line.line, dict(zip(names, line.cells, strict=False))))
    if not rows and not refused:
        raise BadRecords(path=path, task=task.name, reason="it has a header and no rows")
    return Batch(tuple(rows), tuple(refused))


def _check(names: list[str], schema: TableSchema, path: Path, task_name: str) -> None:
    found = Counter(name.casefold() for name in names)
    refusing = [f.name for f in schema.numeric if f.impute == "refuse"]
    refusing += [c.name for c in schema.categorical if c.impute == "refuse"]
    if absent := [name for name in refusing if not found[name.casefold()]]:
        wanted, there = listed([shown(name) for name in absent]), listed([shown(name) for name in names], 6)
        raise BadRecords(path=path, task=task_name, reason=f"columns are missing: {wanted}. The file has {there}")
    if twice := [name for name in schema.feature_names if found[name.casefold()] > 1]:
        reason = f"more than one column could be {listed([shown(name) for name in twice])}; keep one"
        raise BadRecords(path=path, task=task_name, reason=reason)
