"""A model version: a folder that is written once, whole, and is believed only while its hashes hold.

Reading and writing need no torch: weights travel as a flat vector with its manifest.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json
from fedcare.errors import CorruptModel, StorageFull, UnknownModel, UnreadableFile
from fedcare.plan import TrainingPlan
from fedcare.registry.card import card
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration, calibration_from_json
from fedcare.update import Entry, Manifest, Vector

# Format 1 had no calibration: such a version is read, and predicts without an interval.
FORMAT, WITHOUT_CALIBRATION = 2, 1
MANIFEST = "manifest.json"
WEIGHTS, ONNX, PREPROCESSING = "weights.safetensors", "model.onnx", "preprocessing.json"
PLAN, METRICS, CARD, CALIBRATION = "plan.json", "metrics.json", "card.md", "calibration.json"
FILES = (WEIGHTS, ONNX, PREPROCESSING, PLAN, METRICS, CARD, CALIBRATION)
# Where a run keeps its version, so that a run's folder can be named instead of the version's.
IN_RUN = "model"


@dataclass(frozen=True)
class Version:
    """A verified model version.

    ``name`` is the task's and the first 12 digits of the hash over all files, so equal contents have equal names.
    ``created`` is UTC, ISO 8601. ``metrics`` holds the figures and the ``threshold``, ``lineage`` where they come from.
    ``calibration`` is what it knows of its own errors, None where it knows nothing.
    """

    directory: Path
    name: str
    created: str
    hashes: Mapping[str, str]
    entries: tuple[Entry, ...]
    lineage: Mapping[str, Any]
    plan: TrainingPlan
    task: Task
    preprocessing: Preprocessing
    metrics: Mapping[str, Any]
    calibration: Calibration | None = None

    @property
    def threshold(self) -> float:
        """The probability from which a binary model says positive."""
        return float(self.metrics.get("threshold") or 0.5)

    def content(self, file: str) -> bytes:
        """A file's bytes, verified as they are read; raises CorruptModel."""
        return _verified(self.directory, file, self.hashes)

    def weights(self) -> tuple[Manifest, Vector]:
        """The flat vector and what describes it."""
        manifest = Manifest(self.entries)
        return manifest, manifest.pack(load_tensors(self.content(WEIGHTS)))

    def to_json(self) -> dict[str, Any]:
        """What ``fedcare models show`` prints."""
        return {
            "name": self.name,
            "path": str(self.directory),
            "created": self.created,
            "task": self.task.name,
            "title": self.task.title,
            "plan_hash": self.plan.hash,
            "parameters": sum(entry.size for entry in self.entries),
            "metrics": dict(self.metrics),
            "lineage": dict(self.lineage),
            "files": dict(self.hashes),
        }


# -- reading ----------------------------------------------------------------------------------------------------------


def read_version(path: Path) -> Version:
    """The version in a folder, or in a run's folder, with every file checked against its hash.

    Raises UnknownModel, CorruptModel, or UnreadableFile for the format of a newer FedCare.
    """
    directory = path if (path / MANIFEST).is_file() else path / IN_RUN
    if not (directory / MANIFEST).is_file():
        raise _without_manifest(path)
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptModel(path=directory, reason=f"{MANIFEST} is not JSON") from error
    try:
        if manifest["format"] not in (FORMAT, WITHOUT_CALIBRATION):
            reason = f"it has format {manifest['format']} and this FedCare reads format {FORMAT}"
            raise UnreadableFile(path=directory, reason=reason)
        files = FILES if manifest["format"] == FORMAT else FILES[: FILES.index(CALIBRATION)]
        return _checked(directory, manifest, files)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptModel(path=directory, reason=f"{MANIFEST} or what it names is not well formed") from error


def _without_manifest(path: Path) -> CorruptModel | UnknownModel:
    for place in (path, path / IN_RUN):
        if (place / WEIGHTS).is_file() or (place / ONNX).is_file():
            return CorruptModel(path=place, reason=f"{MANIFEST} is missing")
    return UnknownModel(path=path)


def _checked(directory: Path, manifest: dict[str, Any], files: Sequence[str]) -> Version:
    hashes = {file: str(manifest["files"][file]) for file in files}
    if manifest["name"] != _name(manifest["task"], hashes):
        raise CorruptModel(path=directory, reason=f"the name in {MANIFEST} does not follow from its hashes")
    contents = {file: _verified(directory, file, hashes) for file in files}
    plan = TrainingPlan.model_validate_json(contents[PLAN])
    return Version(
        directory=directory,
        name=manifest["name"],
        created=manifest["created"],
        hashes=hashes,
        entries=tuple(Entry(name, tuple(shape), learned) for name, shape, learned in manifest["entries"]),
        lineage=manifest["lineage"],
        plan=plan,
        task=Task.model_validate(plan.task),
        preprocessing=preprocessing_from_json(json.loads(contents[PREPROCESSING])),
        metrics=json.loads(contents[METRICS]),
        calibration=calibration_from_json(json.loads(contents.get(CALIBRATION, b"{}"))),
    )


def _verified(directory: Path, file: str, hashes: Mapping[str, str]) -> bytes:
    try:
        content = (directory / file).read_bytes()
    except OSError as error:
        raise CorruptModel(path=directory, reason=f"{file} is missing or cannot be read") from error
    if _sha256(content) != hashes[file]:
        raise CorruptModel(path=directory, reason=f"{file} is not what was stored")
    return content


# -- writing ----------------------------------------------------------------------------------------------------------


def write_version(
    directory: Path,
    task: Task,
    plan: TrainingPlan,
    preprocessing: Preprocessing,
    manifest: Manifest,
    vector: Vector,
    onnx: bytes,
    metrics: Mapping[str, Any],
    lineage: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> Version:
    """Store a version and return it as it is read back.

    It is written beside its place, synced, and put there in one step: a reader sees no version or a whole one. A former
    version in the same place is replaced. Raises StorageFull when the disk refuses.
    """
    contents = {
        WEIGHTS: save_tensors({name: np.ascontiguousarray(array) for name, array in manifest.unpack(vector).items()}),
        ONNX: onnx,
        PREPROCESSING: _json(preprocessing.to_json()),
        PLAN: _json(plan.model_dump(mode="json")),
        METRICS: _json(metrics),
        CARD: card(task, plan, preprocessing, manifest.size, metrics, lineage, calibration).encode(),
        CALIBRATION: _json(calibration.to_json() if calibration else {}),
    }
    hashes = {file: _sha256(content) for file, content in contents.items()}
    description = {
        "format": FORMAT,
        "name": _name(task.name, hashes),
        "task": task.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": hashes,
        "entries": [[entry.name, list(entry.shape), entry.learned] for entry in manifest.entries],
        "lineage": dict(lineage),
    }
    _store(directory, contents | {MANIFEST: _json(description)})
    return read_version(directory)


def restated(version: Version, metrics: Mapping[str, Any]) -> Version:
    """The version with other figures, and a card that tells them, in its place; raises StorageFull.

    Its contents are others, so its name is another one too: who has the former version sees that this is not the same.
    """
    manifest, vector = version.weights()
    return write_version(
        version.directory,
        version.task,
        version.plan,
        version.preprocessing,
        manifest,
        vector,
        version.content(ONNX),
        metrics,
        version.lineage,
        version.calibration,
    )


def _store(directory: Path, contents: Mapping[str, bytes]) -> None:
    beside = directory.with_name(f".{directory.name}.{os.getpid()}")
    former = directory.with_name(f".{directory.name}.former.{os.getpid()}")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for file, content in contents.items():
            _write_synced(beside / file, content)
        _sync(beside)
        if directory.exists():
            directory.rename(former)
        beside.rename(directory)
        _sync(directory.parent)
    except OSError as error:
        _undo(directory, beside, former)
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error.strerror or error)
        raise StorageFull(path=directory, reason=reason) from error
    shutil.rmtree(former, ignore_errors=True)


def _undo(directory: Path, beside: Path, former: Path) -> None:
    shutil.rmtree(beside, ignore_errors=True)
    if former.exists() and not directory.exists():
        with contextlib.suppress(OSError):
            former.rename(directory)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a folder's own entries survive a power cut; a system whose folders cannot be opened needs none."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(task: str, hashes: Mapping[str, str]) -> str:
    together = "".join(hashes[file] for file in FILES if file in hashes)
    return f"{task}-{_sha256(together.encode())[:12]}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
