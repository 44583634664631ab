"""The text of a CSV file as it comes: gzip or not, with or without BOM, any line ends, comma or another separator."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from fedcare.errors import FileMissing, UnreadableFile

_START = 4096  # bytes that tell what kind of file it is
_GZIP = b"\x1f\x8b"
_NOT_TEXT = {
    b"PK\x03\x04": "it is an Excel workbook or a zip archive; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "it is an old Excel workbook; save the sheet as CSV (UTF-8)",
    b"\xff\xfe": "it is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "it is UTF-16 text; save it as UTF-8",
}


@dataclass(frozen=True)
class CsvRow:
    """One row's cells as they stand. ``line`` and ``last_line`` are lines of the file, from 1: a quoted cell may
    hold line breaks."""

    line: int
    last_line: int
    cells: list[str]


def read_rows(path: Path) -> Iterator[CsvRow]:
    """Every row of a CSV file, the header first, one at a time; rows of blank cells alone are passed over.

    A byte that is not UTF-8 becomes a lone surrogate in its cell, so that one such name spoils its row and not the
    file. Raises ``FileMissing``, or ``UnreadableFile`` for a folder, a file that is not text, a broken gzip archive or
    a row that never ends.
    """
    _check(path)
    yield from _rows(path, lambda: _open(path))


def read_sent_rows(content: bytes) -> Iterator[CsvRow]:
    """The rows of a file that came in a request, unpacked; raises as ``read_rows`` does."""
    path = Path("the file")
    _refuse_other_kinds(path, content[:_START])
    return _rows(path, lambda: io.BytesIO(content))


def _rows(path: Path, opened: Callable[[], IO[bytes] | gzip.GzipFile]) -> Iterator[CsvRow]:
    line = 0
    try:
        with opened() as binary, io.TextIOWrapper(binary, "utf-8-sig", "surrogateescape", newline="") as text:
            first = text.readline()
            reader = csv.reader(chain([first], text), delimiter=_delimiter(first))
            for cells in reader:
                if any(cell and not cell.isspace() for cell in cells):
                    yield CsvRow(line + 1, reader.line_num, cells)
                line = reader.line_num
    except csv.Error as error:
        raise UnreadableFile(path=path, reason=f"the row that begins on line {line + 1}: {_plainly(error)}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(path=path, reason=f"the gzip archive is damaged ({error})") from error
    except OSError as error:
        raise UnreadableFile(path=path, reason=str(error.strerror or error)) from error


def _check(path: Path) -> None:
    if path.is_dir():
        raise UnreadableFile(path=path, reason="it is a folder; name one CSV file")
    if not path.exists():
        raise FileMissing(path=path)
    try:
        with _open(path) as binary:
            start = binary.read(_START)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(path=path, reason=str(getattr(error, "strerror", None) or error)) from error
    _refuse_other_kinds(path, start)


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    for magic, reason in _NOT_TEXT.items():
        if start.startswith(magic):
            raise UnreadableFile(path=path, reason=reason)
    if start.count(b"\0") > len(start) // 10:
        raise UnreadableFile(path=path, reason="it is not a text file")


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return gzip.open(path, "rb") if zipped else path.open("rb")


def _delimiter(header: str) -> str:
    """The comma, unless the header has none and one of the other usual separators instead."""
    return next((candidate for candidate in ",;\t|" if candidate in header), ",")


def _plainly(error: csv.Error) -> str:
    if "field larger" in str(error):
        return "a cell is longer than 131072 characters; a quote that opens there is probably never closed"
    return str(error)
