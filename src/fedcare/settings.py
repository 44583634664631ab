"""Settings of the machine FedCare runs on, read once from the environment. What a study is lies in its plan."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where runs are kept and which device trains.

    ``runs`` (FEDCARE_RUNS, default ``runs``) is the folder under which every run without ``--out`` gets one of its own.
    ``device`` (FEDCARE_DEVICE, default ``auto``) is ``auto``, ``cpu``, ``cuda`` or ``mps``.
    """

    runs: Path
    device: str


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings(
        runs=Path(os.environ.get("FEDCARE_RUNS", "runs")),
        device=os.environ.get("FEDCARE_DEVICE", "auto"),
    )
