"""The coordinator's notice board: open plans as files, so that nodes read them while the database is away."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from fedcare.trust.files import private_folder, read_json, write_json

_HASH = re.compile(r"[0-9a-f]{16,128}")


def publish_plan(folder: Path, plan_hash: str, canonical: str, status: str = "proposed") -> None:
    """Put a plan (its canonical JSON text) on the board in the authority's folder; again with another status, it keeps
    its time and its place.
    """
    path = _path(folder, plan_hash)
    before = read_json(path)
    proposed_at = before["proposed_at"] if before else time.time()
    notice = {"hash": plan_hash, "canonical": canonical, "proposed_at": proposed_at, "status": status}
    if notice != before:
        write_json(path, notice)


def withdraw_plan(folder: Path, plan_hash: str) -> None:
    """Take a plan off the board."""
    _path(folder, plan_hash).unlink(missing_ok=True)


def open_plans(folder: Path, limit: int = 20) -> list[dict[str, Any]]:
    """The plans on the board, the newest first: hash, canonical, proposed_at (Unix seconds), status."""
    board = folder / "plans"
    found = [read_json(path) for path in board.glob("*.json")] if board.is_dir() else []
    known = [each for each in found if each is not None]
    return sorted(known, key=lambda each: float(each["proposed_at"]), reverse=True)[:limit]


def _path(folder: Path, plan_hash: str) -> Path:
    if not _HASH.fullmatch(plan_hash):
        raise ValueError("a plan's hash is a hexadecimal text")  # It becomes a file's name.
    return private_folder(folder / "plans") / f"{plan_hash}.json"
