"""What all benchmarks print: progress for people, then a table or one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any


def parser(description: str | None, seed: int | None = 42) -> argparse.ArgumentParser:
    """A command line with ``--json``, ``--set`` and, unless ``seed`` is None, ``--seed``."""
    summary = (description or "").split("\n\n")[0]
    line = argparse.ArgumentParser(description=summary)
    line.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    line.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting of the task")
    if seed is not None:
        line.add_argument("--seed", type=int, default=seed, help="seed of everything random")
    return line


def progress(text: str) -> None:
    """A line for whoever watches."""
    print(text, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as aligned columns; the first row holds the headings."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def emit(result: dict[str, Any], text: str, as_json: bool) -> None:
    """The result, in the form that was asked for."""
    print(json.dumps(result, indent=2) if as_json else text)
