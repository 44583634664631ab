"""Settings of the machine FedCare runs on, read once from the environment. What a study is lies in its plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where runs and data are kept, which device trains and which database serves.

    ``runs`` (FEDCARE_RUNS, default ``runs``) is the folder under which every run without ``--out`` gets one of its own.
    ``device`` (FEDCARE_DEVICE, default ``auto``) is ``auto``, ``cpu``, ``cuda`` or ``mps``.
    ``home`` (FEDCARE_HOME, default ``~/.fedcare``, for root ``/var/lib/fedcare``) is the folder of what this machine
    keeps: the embedded database under ``postgres``, keys, backups.
    ``database_url`` (DATABASE_URL, unset by default) names a PostgreSQL 15 or later to use instead of the embedded one.
    ``pg_bin`` (FEDCARE_PG_BIN, unset by default) is the folder of the PostgreSQL programs to start and to back up with.
    ``gateway_url`` (FEDCARE_GATEWAY_URL, default ``http://127.0.0.1:8000``) is where the coordinator reports its runs.
    ``service_token_file`` (FEDCARE_SERVICE_TOKEN_FILE, default ``keys/service-token`` under FEDCARE_HOME) holds the
    secret with which it does; both name the same file, or a copy, where they do not share FEDCARE_HOME.
    """

    runs: Path
    device: str
    home: Path
    # It holds a password, so it stays out of every log that shows the settings.
    database_url: str | None = field(default=None, repr=False)
    pg_bin: Path | None = None
    gateway_url: str = "http://127.0.0.1:8000"
    service_token_file: Path | None = None


@cache
def settings() -> Settings:
    """The settings of this process."""
    pg_bin, token = os.environ.get("FEDCARE_PG_BIN"), os.environ.get("FEDCARE_SERVICE_TOKEN_FILE")
    return Settings(
        runs=Path(os.environ.get("FEDCARE_RUNS", "runs")),
        device=os.environ.get("FEDCARE_DEVICE", "auto"),
        home=Path(os.environ.get("FEDCARE_HOME") or _default_home()).expanduser().absolute(),
        database_url=os.environ.get("DATABASE_URL") or None,
        pg_bin=Path(pg_bin) if pg_bin else None,
        gateway_url=os.environ.get("FEDCARE_GATEWAY_URL") or "http://127.0.0.1:8000",
        service_token_file=Path(token) if token else None,
    )


def _default_home() -> Path:
    # PostgreSQL refuses to run as root, and the account it drops to could not enter root's own folder.
    return Path("/var/lib/fedcare") if os.geteuid() == 0 else Path.home() / ".fedcare"
