"""How PostgreSQL's dump programs are found, told where to connect, and listened to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fedcare.db.binaries import LEAST, find_binaries
from fedcare.db.urls import without_driver
from fedcare.errors import BackupFailed

Progress = Callable[[int, int], None]
"""Told how many tables are done, of how many."""


def server_major(connection: psycopg.Connection) -> int:
    """The major version of the server."""
    return connection.info.server_version // 10_000


def program(name: str, chosen: Path | None, major: int, least: int = LEAST) -> Path:
    """A program of the server's own version where there is one, else of ``least`` or later; raises NoPostgres."""
    return find_binaries(chosen, name, least, wanted=major) / name


def target(url: str) -> tuple[str, dict[str, str]]:
    """Where to connect, and the environment that holds the password: an argument would show it to everybody here."""
    parts = conninfo_to_dict(without_driver(url))
    password = parts.pop("password", None)
    environment = os.environ | {"LC_ALL": "C"} | ({"PGPASSWORD": str(password)} if password else {})
    return make_conninfo("", **parts), environment


def listen(lines: Iterable[bytes], marker: str, total: int, progress: Progress | None) -> list[str]:
    """Read a program's messages to their end and report each table it begins; returns what it said of failures.

    Only lines that name an error are kept: the details that follow may quote a record.
    """
    begun, failures = 0, []
    for line in lines:
        text = line.decode(errors="replace").strip()
        if marker in text:
            begun += 1
            if progress:
                progress(min(begun, total), total)
        elif "error:" in text or "ERROR:" in text or "FATAL:" in text:
            failures.append(text)
    return failures


def failed(what: str, failures: list[str]) -> BackupFailed:
    """The error to raise after a program that ended badly."""
    text = failures[0] if failures else "the program ended without a reason"
    if "No space left on device" in text or "Disk quota exceeded" in text:
        text = "the disk is full. Free some space and do it again"
    elif "SSL support is not compiled in" in text:
        text = "FedCare's own programs cannot do TLS. Name a folder of PostgreSQL programs that can in FEDCARE_PG_BIN"
    return BackupFailed(what=what, reason=text)
