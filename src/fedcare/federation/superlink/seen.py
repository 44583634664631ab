"""When each institution's node last called, kept over restarts: who has been away for days is not waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from fedcare.trust.files import private_folder, read_json, write_json

WRITE_SECONDS = 60.0
LONG_SECONDS = 24 * 3600.0


class Seen:
    """Keeps ``superlink/seen.json``, institution to Unix seconds, no more than a minute behind."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = _path(home), clock
        self._times: dict[str, float] = _read(home)
        self._written = 0.0

    def note(self, institution: str) -> None:
        """Its node has called just now, or has just been admitted."""
        now = self._clock()
        new = institution not in self._times
        self._times[institution] = now
        if new or now - self._written >= WRITE_SECONDS:
            private_folder(self._path.parent)
            write_json(self._path, self._times)
            self._written = now


def long_gone(home: Path, clock: Callable[[], float] = time.time) -> set[str]:
    """The institutions whose nodes have not called for a day."""
    return {name for name, at in _read(home).items() if clock() - at > LONG_SECONDS}


def _path(home: Path) -> Path:
    return home / "superlink" / "seen.json"


def _read(home: Path) -> dict[str, float]:
    try:
        return {str(name): float(at) for name, at in (read_json(_path(home)) or {}).items()}
    except (OSError, ValueError, TypeError, AttributeError):  # Nobody is long gone, as far as anybody can tell.
        return {}
