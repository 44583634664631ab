"""Taking in a version that a run made: its files are copied, its row is added, and it may begin to answer."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope
from fedcare.errors import CorruptModel, FedCareError, StorageFull
from fedcare.gateway.models import repository
from fedcare.gateway.models.artifact import NAME, digest_of, load, verified
from fedcare.registry.version import MANIFEST, Version, read_version

FIGURES = ("accuracy", "auc", "mse", "mae", "r2")


@dataclass(frozen=True)
class Imported:
    """``added`` is false where the version was there already; ``active`` whether it answers for its task."""

    id: int
    version: str
    task: str
    added: bool
    active: bool


def import_version(database: Database, folder: Path, source: Path, activate: bool, origin: Origin) -> Imported:
    """Take in the version in ``source``, a version's or a run's folder; ``folder`` is where versions are kept.

    A version that is there already stays as it is; where its files were damaged, this repairs them. Raises
    UnknownModel, CorruptModel, StorageFull, DatabaseUnavailable.
    """
    found = read_version(source)
    if not NAME.fullmatch(found.name) or not found.name.startswith(f"{found.task.name}-"):
        raise CorruptModel(path=source, reason="its name is not one that a version can have")
    with database.transaction(Scope.of(None)) as tx:
        repository.lock(tx, found.task.name)
        row = repository.named(tx, found.name)
        digest = _kept(folder, found, row) or _copied(folder, found)
        version_id = row.id if row else repository.add(tx, _values(found, digest))
        if row is not None and row.hash != digest:
            repository.set_hash(tx, row.id, digest)
        # Whoever answers for the task may have been damaged until now.
        repository.announce(tx, found.task.name)
        if activate:
            load(folder, _Named(version_id, found.name, found.task.name, digest))
            repository.activate(tx, found.task.name, version_id)
        _record(tx, origin, version_id, added=row is None, activated=activate)
    active = activate or bool(row is not None and row.is_active)
    return Imported(version_id, found.name, found.task.name, row is None, active)


@dataclass(frozen=True)
class _Named:
    id: int
    version: str
    task: str
    hash: str
    signature: None = None


def _record(tx: Connection, origin: Origin, version_id: int, *, added: bool, activated: bool) -> None:
    if added:
        audit.record(tx, origin, "models.import", "model_version", version_id)
    if activated:
        audit.record(tx, origin, "models.activate", "model_version", version_id)


def _kept(folder: Path, found: Version, row: Any) -> str | None:
    """The hash of the copy that is kept already, None where there is none or it is damaged."""
    if row is None:
        return None
    try:
        verified(folder, found.name, row.hash)
    except FedCareError:
        return None
    return str(row.hash)


def _copied(folder: Path, found: Version) -> str:
    """Copy a version's files beside their place, check the copy, and put it there in one step; its hash."""
    place, beside = folder / found.name, folder / f".{found.name}.{os.getpid()}"
    former = folder / f".{found.name}.former.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for file in (MANIFEST, *found.hashes):
            shutil.copyfile(found.directory / file, beside / file)
            _sync(beside / file)
        read_version(beside)
        digest = digest_of(beside)
        if place.exists():
            place.rename(former)
        beside.rename(place)
        _sync(folder)
    except OSError as error:
        if former.exists() and not place.exists():
            with suppress(OSError):
                former.rename(place)
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error.strerror or error)
        raise StorageFull(path=place, reason=reason) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return digest


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _values(found: Version, digest: str) -> dict[str, Any]:
    """The version's row."""
    pooled = found.metrics.get("metrics", {})
    figures = {name: pooled[name] for name in FIGURES if isinstance(pooled.get(name), int | float)}
    return figures | {
        "version": found.name,
        "task": found.task.name,
        "model_path": f"models/{found.name}",
        "hash": digest,
        "training_round": found.lineage.get("best_round"),
        "metrics": dict(found.metrics),
        "lineage": dict(found.lineage) | {"plan_hash": found.plan.hash, "files": dict(found.hashes)},
        "trained_at": datetime.fromisoformat(found.created),
    }
