"""Where a process writes: one file, and one older one beside it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import IO

LIMIT = 10 * 2**20
"""Bytes of a log before it is put aside."""


def open_log(path: Path) -> IO[bytes]:
    """For a process to append to; what is in it may tell names, so it is the owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "ab")


def trim(path: Path, limit: int = LIMIT) -> None:
    """Put a long log aside and empty it: the process goes on in the same file, since it appends.

    A line written between the two steps is lost, which a log that was asked for ten million bytes can bear.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, part := path.with_name(f"{path.name}.part"))
        part.chmod(0o600)
        part.rename(path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)


def note(path: Path, text: str) -> None:
    """A line of the supervisor's own between those of the process."""
    with open_log(path) as log:
        log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())} fedcare: {text}\n".encode())


def last_line(path: Path, start: int = 0) -> str:
    """The last line since byte ``start`` that is not empty: most often the reason why a process ended."""
    try:
        with path.open("rb") as log:
            log.seek(max(start, log.seek(0, os.SEEK_END) - 4096))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return lines[-1] if lines else ""
