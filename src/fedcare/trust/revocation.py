"""Certificates that stopped counting before their time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from fedcare.trust.files import read_json, write_json


class Revocations:
    """The file ``revoked.json``: serial number (hexadecimal) to when it was revoked (Unix seconds).

    Reading costs one ``stat`` while nothing changes, so every request asks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._known: dict[int, float] = {}

    def when(self, serial: int) -> float | None:
        """When the certificate was revoked; None while it counts."""
        self._look()
        return self._known.get(serial)

    def add(self, serials: Iterable[int]) -> None:
        """Revoke these; one that is revoked already keeps its time. The caller holds the folder's lock."""
        now = time.time()
        stored: dict[str, float] = read_json(self._path) or {}
        write_json(self._path, {f"{serial:x}": now for serial in serials} | stored)

    def _look(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            stamp: tuple[int, ...] = ()
        else:
            # A new file each time, so the inode alone would do but for its reuse.
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            found: dict[str, float] = read_json(self._path) or {}
            self._known = {int(serial, 16): at for serial, at in found.items()}
            self._stamp = stamp
