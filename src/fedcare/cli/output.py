"""How commands speak: tables and progress on stderr for people, one JSON object on stdout for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

JsonFlag = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout and nothing else.")]

# People read stderr, so that stdout stays clean for a pipe; ``show`` is for what a command exists to print.
screen = Console(stderr=True)
page = Console()


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout; NaN and infinity, which JSON lacks, are refused."""
    print(json.dumps(value, allow_nan=False))  # noqa: T201


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """A sign of life while a command prepares its work: a spinner on a terminal, one line elsewhere."""
    if quiet:
        yield
    elif screen.is_terminal:
        with screen.status(f"{what} ..."):
            yield
    else:
        screen.print(f"{what} ...")
        yield
