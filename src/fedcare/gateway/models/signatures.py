"""Whether the coordinator vouches for a version: asked each time one that came from a federation is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fedcare.errors import BadSignature, UntrustedVersion
from fedcare.registry.release import said_of
from fedcare.trust.signing import verify


def require(home: Path, name: str, task: str, digest: str, signature: str) -> None:
    """Check the text of a version's ``signature.json``; raises UntrustedVersion.

    ``digest`` is that of the manifest as it lies here, which was compared with every file. The authority is this
    machine's: the coordinator's own, or that with which an institution of this machine has enrolled.
    """

    def by_any(certificate: bytes, signed: str, data: bytes) -> None:
        problem = BadSignature(reason="no consortium's certificate lies in FEDCARE_HOME to check it with")
        for authority in _authorities(home):
            try:
                return verify(authority, certificate, signed, data)
            except BadSignature as error:
                problem = error
        raise problem

    said = said_of(signature, name, by_any)
    if (said.get("name"), said.get("task"), said.get("hash")) != (name, task, digest):
        raise UntrustedVersion(version=name, reason="it is not the version that was signed")


def _authorities(home: Path) -> Iterator[bytes]:
    for path in (home / "consortium" / "ca.crt", *sorted(home.glob("node/*/ca.crt"))):
        if path.is_file():
            yield path.read_bytes()
