"""Where the real data sets lie: they are not part of the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

INSURANCE = "insurance/insurance.csv"
PNEUMONIA = "pneumoniamnist/pneumoniamnist_28.npz"


def folder() -> Path:
    """``FEDCARE_TEST_DATA``, or ``shared/data`` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("FEDCARE_TEST_DATA", beside))


def find(name: str) -> Path | None:
    """The file of that name under the data folder, or None where it is absent."""
    path = folder() / name
    return path if path.is_file() else None


def require(name: str) -> Path:
    """The file, or the end of the program with a line that says what is missing and where it was sought."""
    path = find(name)
    if path is None:
        sys.exit(f"missing: {folder() / name}\nName the folder that holds {name} in FEDCARE_TEST_DATA.")
    return path
