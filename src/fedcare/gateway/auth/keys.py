"""The keys that sign tokens: files under ``<home>/keys`` that only their owner may read.

The newest key signs. An older one still verifies what it signed until that has expired, so that changing keys signs
nobody out. All gateways of one home share the folder and see a new key as soon as they meet or need it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import itertools
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEY_BYTES = 32
# 13 digits of Unix milliseconds, so that the names sort by age.
_NAME = re.compile(r"(\d{13}-[0-9a-f]{8})\.key")


@dataclass(frozen=True)
class Key:
    """``id`` goes into a token's header; ``until`` (Unix seconds) is when a newer key took over, None if none did."""

    id: str
    secret: bytes
    until: float | None

    def valid(self, seconds: float) -> bool:
        """Whether what this key signed may still count, when it lasts that long at most."""
        return self.until is None or time.time() < self.until + seconds

    def mac(self, purpose: str, text: str) -> str:
        """A keyed hash of a text, of no use for any other purpose."""
        return hmac.new(self.secret, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


class SigningKeys:
    """The keys in a folder, which is made with a first key where there is none; safe to share among threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._stamp = 0
        with _locked(folder):
            if not _names(folder):
                _make(folder)
        self._reload()

    def current(self) -> Key:
        """The key to sign with."""
        self._look()
        return next(reversed(self._keys.values()))

    def find(self, key_id: str) -> Key | None:
        """The key of that id; None for one that never was or is gone."""
        if key_id not in self._keys:
            self._look()
        return self._keys.get(key_id)

    def _look(self) -> None:
        # One stat call: the folder's time changes when a file comes or goes.
        if self._folder.stat().st_mtime_ns != self._stamp:
            self._reload()

    def _reload(self) -> None:
        with self._lock:
            self._stamp = self._folder.stat().st_mtime_ns
            names = _names(self._folder)
            follows = [int(name[:13]) / 1000 for name in names[1:]]
            self._keys = {
                name: Key(name, (self._folder / f"{name}.key").read_bytes(), until)
                for name, until in zip(names, [*follows, None], strict=True)
            }


def rotate(folder: Path, keep_seconds: float) -> str:
    """Add a new key and delete those that were replaced longer ago than anything they signed can last; the new id."""
    with _locked(folder):
        made = _make(folder)
        names = _names(folder)
        for name, successor in itertools.pairwise(names):
            if time.time() > int(successor[:13]) / 1000 + keep_seconds:
                (folder / f"{name}.key").unlink()
    return made


def _names(folder: Path) -> list[str]:
    return sorted(match[1] for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))


def _make(folder: Path) -> str:
    # Later than every other, even where the clock was put back.
    latest = max((int(name[:13]) for name in _names(folder)), default=0)
    name = f"{max(time.time_ns() // 1_000_000, latest + 1):013d}-{secrets.token_hex(4)}"
    part = folder / f"{name}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / f"{name}.key")
    return name


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
