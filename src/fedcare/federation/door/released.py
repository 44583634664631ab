"""Released model versions: which there are, and each as one zip file for the institutions' gateways.

The releasing worker writes ``released/index.json``, a list of {seq, task, version, hash, activate, released_at}, and
the signed folder of each version under ``released/<task>/<version>/``.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from fedcare.trust.files import read_json

MOST = 100


def index(folder: Path, after: int) -> list[dict[str, Any]]:
    """The versions released after that one, the oldest first, at most ``MOST``."""
    found: list[dict[str, Any]] = read_json(folder / "index.json") or []
    later = [each for each in found if each["seq"] > after]
    return sorted(later, key=lambda each: int(each["seq"]))[:MOST]


def archive(folder: Path, task: str, version: str) -> bytes | None:
    """A version's folder as a zip file; None for one that is not in the index, whatever path the names make."""
    found: list[dict[str, Any]] = read_json(folder / "index.json") or []
    if not any(each["task"] == task and each["version"] == version for each in found):
        return None
    place = folder / task / version
    packed = io.BytesIO()
    # Weights hardly compress, and a hospital waits for the transfer rather than for the processor.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(place.rglob("*")):
            if path.is_file() and not path.is_symlink():
                file.write(path, path.relative_to(place).as_posix())
    return packed.getvalue()
