"""Handing out a version: signed, copied to where the door finds it, and entered in the list that nodes follow."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from fedcare.aggregation.checkpoint import replace_file
from fedcare.registry.gate import Decision
from fedcare.registry.release import SIGNATURE, signed, statement
from fedcare.registry.version import Version
from fedcare.trust.authority import Authority
from fedcare.trust.files import locked, private_folder
from fedcare.trust.signing import sign, signing_certificate

INDEX = "index.json"


def release(home: Path, version: Version, run_id: str, decision: Decision) -> dict[str, Any]:
    """Sign a run's version and put it into ``released``; what was signed. Done twice for a run, it is there once.

    Raises StorageFull. A version is released whether or not it may answer: institutions see what was tried.
    """
    folder, authority = private_folder(home / "released"), home / "consortium"
    Authority.open(authority)
    with locked(folder):
        index = _read(folder / INDEX)
        entry = next((each for each in index if each["run"] == run_id), None)
        sequence = entry["seq"] if entry else max((each["seq"] for each in index), default=0) + 1
        said = statement(version, run_id, decision.activate, sequence)
        proof = signed(said, lambda data: sign(authority, data), signing_certificate(authority))
        _copy(version.directory, folder / said["task"] / said["name"], proof)
        if entry is None:
            _append(folder / INDEX, index, said)
    return proof


def _copy(source: Path, place: Path, proof: dict[str, Any]) -> None:
    """The version's files and its signature, put there in one step."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    former = place.with_name(f".{place.name}.former")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    shutil.copytree(source, beside)
    replace_file(beside / SIGNATURE, lambda path: path.write_text(json.dumps(proof, indent=2), encoding="utf-8"))
    if place.exists():
        place.rename(former)
    beside.rename(place)
    shutil.rmtree(former, ignore_errors=True)


def _append(path: Path, index: list[dict[str, Any]], said: dict[str, Any]) -> None:
    entry = {
        "seq": said["sequence"],
        "task": said["task"],
        "version": said["name"],
        "hash": said["hash"],
        "activate": said["activate"],
        "run": said["run"],
        "released_at": time.time(),
    }
    replace_file(path, lambda beside: beside.write_text(json.dumps([*index, entry], indent=1), encoding="utf-8"))


def _read(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []
