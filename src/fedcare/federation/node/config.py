"""A node's own settings, from the ``node.toml`` of its folder: who it is, whom it calls, where its records are.

Nothing in here ever comes from a message: a coordinator cannot name a file of the institution.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from fedcare.errors import BadNodeSettings, NoNode
from fedcare.frozen import Count, Frozen

SETTINGS = "node.toml"


class RecordSource(Frozen):
    """Where one task's records are: ``database``, or ``csv:``, ``npz:`` or ``folder:`` and an absolute path."""

    source: Annotated[str, Field(pattern=r"^(database|(csv|npz|folder):/.*)$")]

    @property
    def path(self) -> Path | None:
        """The file or folder; None for the institution's database."""
        _, colon, path = self.source.partition(":")
        return Path(path) if colon else None


class Limits(Frozen):
    """What the institution never does, whatever was approved: more rounds in a run, more passes over its rows in a
    round; the least number of usable records it takes part with; and the fewest institutions, itself included, that
    it lets itself be added up with under secure aggregation (``together``).
    """

    rounds: Count = 1000
    epochs: Count = 100
    records: Count = 5
    together: Annotated[int, Field(ge=2)] = 2


_NO_RECORDS_YET = (
    "# Where the records of each task are: without a line here the node takes part in nothing. Take the # away:",
    "# [records.insurance-cost]",
    '# source = "csv:/srv/records/people.csv"   # or "database", "npz:/...", "folder:/..."',
)


class NodeConfig(Frozen):
    """``coordinator`` is the door's host and port. The paths of ``imaging_studies`` are relative to FEDCARE_HOME or
    absolute, and only files in the folder ``images`` are read (None: ``images`` under FEDCARE_HOME). ``own_gateway``:
    the database is this institution's alone and has a gateway, so the node keeps its models up to date.
    """

    institution: Annotated[str, Field(min_length=1, max_length=200)]
    coordinator: Annotated[str, Field(pattern=r"^\S+:\d{1,5}$")]
    own_gateway: bool = False
    images: Path | None = None
    limits: Limits = Limits()
    records: dict[str, RecordSource] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _images_are_absolute(self) -> NodeConfig:
        if self.images is not None and not self.images.is_absolute():
            raise ValueError("images must be an absolute path")
        return self

    def to_toml(self) -> str:
        """The text of a ``node.toml`` that says this."""
        # JSON's strings, numbers and booleans are TOML's too.
        lines = [
            f"{name} = {json.dumps(getattr(self, name))}" for name in ("institution", "coordinator", "own_gateway")
        ]
        if self.images is not None:
            lines.append(f"images = {json.dumps(str(self.images))}")
        lines += ["", "[limits]", *(f"{name} = {value}" for name, value in self.limits.model_dump().items())]
        for task, source in self.records.items():
            lines += ["", f"[records.{json.dumps(task)}]", f"source = {json.dumps(source.source)}"]
        if not self.records:
            lines += ["", *_NO_RECORDS_YET]
        return "\n".join(lines) + "\n"


File = Literal["key", "certificate", "authority", "state"]
_FILES: dict[File, str] = {
    "key": "node.key",
    "certificate": "node.crt",
    "authority": "ca.crt",
    "state": "state.json",
}


@dataclass(frozen=True)
class NodeFolder:
    """The folder of one institution's node: key, certificate, the consortium's authority, settings."""

    path: Path

    def file(self, name: File) -> Path:
        """Where one of its files is."""
        return self.path / _FILES[name]

    def config(self) -> NodeConfig:
        """Its settings; raises BadNodeSettings."""
        place = self.path / SETTINGS
        try:
            return NodeConfig.model_validate(tomllib.loads(place.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadNodeSettings(path=place, reason=f"{where}: {first['msg']}") from None
        except (OSError, ValueError) as error:
            raise BadNodeSettings(path=place, reason=str(error)) from None


def find_node(home: Path, institution: str | None) -> NodeFolder:
    """The folder of the institution's node under ``home``, or of the only one. Raises NoNode, BadNodeSettings."""
    folders = [NodeFolder(place.parent) for place in sorted((home / "node").glob(f"*/{SETTINGS}"))]
    named = {folder.config().institution: folder for folder in folders}
    if institution is None and len(named) == 1:
        return next(iter(named.values()))
    if institution is None or institution not in named:
        found = f"On this machine are {', '.join(named)}" if named else f"There is none under {home / 'node'}"
        raise NoNode(found=found)
    return named[institution]


CertificateState = tuple[int, int]


def certificate_state(folder: NodeFolder) -> CertificateState:
    """Changes when the certificate was renewed: a renewal puts a new file in its place."""
    found = folder.file("certificate").stat()
    return found.st_ino, found.st_mtime_ns
