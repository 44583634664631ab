"""A version's files on this machine: where they lie, whether they are what the database says, and loading them."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcare.errors import CorruptModel, FedCareError, MissingModel, UnknownModel
from fedcare.gateway.measures import PREDICTIONS
from fedcare.gateway.models import signatures
from fedcare.registry.version import CARD, MANIFEST, ONNX, Version, read_version
from fedcare.serving.predictor import Predictor

# A version's name is a folder's name here, so nothing else may be one.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


@dataclass(frozen=True, eq=False)
class Ready:
    """A version that can answer; ``counted`` is its counter for Prometheus, ``features`` the names that it reads."""

    id: int
    name: str
    digest: str
    task: str
    version: Version
    predictor: Predictor
    features: frozenset[str]
    counted: Any


def load(folder: Path, row: Any) -> Ready:
    """Make a row's version ready to answer; raises MissingModel, CorruptModel for files that are not the row's.

    One that a coordinator signed has to be as it was signed: raises UntrustedVersion.
    """
    version = verified(folder, row.version, row.hash)
    if row.signature is not None:
        signatures.require(folder.parent, row.version, row.task, row.hash, row.signature)
    schema = version.task.records
    try:
        predictor = Predictor(
            version.content(ONNX), version.task, version.preprocessing, version.threshold, version.calibration
        )
    except CorruptModel as error:
        raise _damaged(row.version, error) from error
    names = frozenset(schema.feature_names) if schema.kind == "table" else frozenset()
    counted = PREDICTIONS.labels(row.task, row.version)
    return Ready(row.id, row.version, row.hash, row.task, version, predictor, names, counted)


def verified(folder: Path, name: str, digest: str) -> Version:
    """The version's description, after every file was checked; raises MissingModel or CorruptModel, without a path."""
    place = folder / name
    if not place.is_dir():
        raise MissingModel(version=name)
    try:
        if digest_of(place) != digest:
            raise CorruptModel(path=name, reason=f"{MANIFEST} is not the one that was imported")
        version = read_version(place)
    except FedCareError as error:
        raise _damaged(name, error) from error
    except OSError as error:
        raise CorruptModel(path=name, reason="its files cannot be read") from error
    if version.name != name:
        raise CorruptModel(path=name, reason=f"the folder holds {version.name}")
    return version


def digest_of(place: Path) -> str:
    """SHA-256 over the manifest, which holds the hash of every other file; raises UnknownModel without one."""
    try:
        return hashlib.sha256((place / MANIFEST).read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise UnknownModel(path=place.name) from error


def card(folder: Path, name: str, digest: str) -> str:
    """The version's card in Markdown; raises MissingModel, CorruptModel."""
    return verified(folder, name, digest).content(CARD).decode()


def packed(folder: Path, name: str, digest: str) -> bytes:
    """The version's files as a zip, verified as they are read; the same bytes every time.

    Raises MissingModel, CorruptModel.
    """
    version = verified(folder, name, digest)
    contents = {MANIFEST: (folder / name / MANIFEST).read_bytes()}
    contents |= {file: version.content(file) for file in version.hashes}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(contents):
            archive.writestr(zipfile.ZipInfo(f"{name}/{file}"), contents[file], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _damaged(name: str, error: FedCareError) -> CorruptModel:
    """The same, without the path: where files lie on this machine is nobody's business at the other end."""
    if isinstance(error, UnknownModel):
        return CorruptModel(path=name, reason=f"{MANIFEST} is missing")
    return CorruptModel(path=name, reason=str(error.details.get("reason", error.code)))
