"""Patients as a CSV file, written piece by piece while it is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from fedcare.db.database import Database, Scope
from fedcare.gateway.patients.listing import Asked, read_by_id
from fedcare.gateway.patients.repository import SHOWN

AT_ONCE = 1000
COLUMNS = tuple(name for name in SHOWN if name not in {"created_by", "revision"})
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"


def rows(database: Database, scope: Scope, asked: Asked) -> Iterator[str]:
    """The file's pieces: the header, then all that match, oldest record first.

    Each piece is a transaction of its own, so that a slow reader keeps neither a connection nor old rows.
    """
    yield _text([COLUMNS])
    after = None
    while True:
        with database.transaction(scope) as tx:
            found = read_by_id(tx, asked, COLUMNS, after, AT_ONCE)
        if found:
            yield _text([[_cell(value) for value in row] for row in found])
            after = found[-1][0]
        if len(found) < AT_ONCE:
            return


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe before it where it could be."""
    return GUARD + text if text.lstrip(GUARD).startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What ``guarded`` was given."""
    return text[1:] if text.startswith(GUARD) and text.lstrip(GUARD).startswith(FORMULA) else text


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(lines: list[Any]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(lines)
    return file.getvalue()
