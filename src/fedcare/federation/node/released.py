"""Model versions from the coordinator, for an institution's own gateway: taken in only if the signature holds."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from fedcare.errors import BadSignature, CorruptModel, UntrustedVersion
from fedcare.federation.node.config import NodeFolder
from fedcare.registry.release import SIGNATURE, said_of
from fedcare.registry.version import MANIFEST, read_version
from fedcare.trust.files import read_json, write_json
from fedcare.trust.signing import verify

log = structlog.get_logger("fedcare.node")
SEEN = "versions.json"
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Released:
    """A version that the coordinator vouches for, in a folder that is gone when it has been taken in.

    ``signature`` is the text of ``signature.json``, to be kept with the version.
    """

    folder: Path
    name: str
    task: str
    activate: bool
    signature: str


TakeIn = Callable[[Released], None]


class Versions:
    """Follows the coordinator's list of released versions and remembers how far it came."""

    def __init__(
        self, node: NodeFolder, listed: Callable[[int], list[Any]], fetch: Callable[[str, str], bytes]
    ) -> None:
        self._node, self._listed, self._fetch = node, listed, fetch

    def pull(self, take_in: TakeIn) -> int:
        """Take in what is new, in the order of its release; how many. A bad version is passed over and said so.

        Raises the door's errors and DatabaseUnavailable: then the rest waits for the next time.
        """
        taken = 0
        for entry in sorted(self._listed(self._seen()), key=lambda each: int(each["seq"])):
            try:
                self._take(entry, take_in)
                taken += 1
            except (UntrustedVersion, CorruptModel, BadSignature) as error:
                log.error("a model version was refused", reason=str(error))
            write_json(self._node.path / SEEN, {"seq": int(entry["seq"])})
        return taken

    def _seen(self) -> int:
        return int((read_json(self._node.path / SEEN) or {}).get("seq", 0))

    def _take(self, entry: dict[str, Any], take_in: TakeIn) -> None:
        name, task = str(entry["version"]), str(entry["task"])
        with tempfile.TemporaryDirectory(dir=self._node.path) as place:
            folder = Path(place) / "version"
            _unpack(self._fetch(task, name), folder, name)
            signature = folder / SIGNATURE
            text = signature.read_text(encoding="utf-8", errors="replace") if signature.is_file() else ""
            statement = _vouched(self._node.file("authority").read_bytes(), text, folder, name)
            if (statement["name"], statement["task"], statement.get("sequence")) != (name, task, int(entry["seq"])):
                raise UntrustedVersion(
                    version=name, reason="what is signed is another version, or another place in line"
                )
            take_in(Released(folder, name, task, statement.get("activate") is True, text))
            log.info("took in a model version", version=name, active=statement.get("activate") is True)


def _vouched(authority: bytes, text: str, folder: Path, name: str) -> dict[str, Any]:
    """What the coordinator signed about the version in a folder; raises UntrustedVersion, CorruptModel."""
    said = said_of(text, name, lambda *signed: verify(authority, *signed))
    try:
        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise UntrustedVersion(version=name, reason=f"it has no {MANIFEST}") from error
    if digest != said.get("hash"):
        raise UntrustedVersion(version=name, reason="it is not the version that was signed")
    found = read_version(folder)
    if (found.name, found.task.name, found.plan.hash) != tuple(said.get(key) for key in ("name", "task", "plan_hash")):
        raise UntrustedVersion(version=name, reason="its name, task or plan is not what was signed")
    return said


def _unpack(content: bytes, folder: Path, name: str) -> None:
    """A version's files: no folders, no links, nothing outside. Raises UntrustedVersion."""
    folder.mkdir()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise UntrustedVersion(version=name, reason=f"it unpacks to more than {MOST_BYTES} bytes")
            for member in members:
                if Path(member.filename).name != member.filename:
                    raise UntrustedVersion(version=name, reason="its archive holds more than a version's files")
                (folder / member.filename).write_bytes(archive.read(member))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        raise UntrustedVersion(version=name, reason="its archive cannot be read") from error
