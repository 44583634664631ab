"""One-time tokens by which an institution enrols.

A token is 32 secret bytes and the SHA-256 of the authority's certificate, so that whoever holds it also knows whom to
trust before sending anything. Only the hash of the secret is kept: reading the coordinator's disk enrols nobody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from fedcare.errors import BadEnrolment
from fedcare.trust.files import private_folder, read_json, write_json

SECRET_BYTES = 32
_FINGERPRINT_BYTES = 32
# Whoever enrolled and lost the answer may ask again; after a month nothing needs the trace of a token.
_REPEAT_SECONDS = 600
_KEEP_SECONDS = 30 * 86400


@dataclass(frozen=True)
class Kept:
    """What is kept of a token: for whom, until when (Unix seconds), and for which public key it was used, if it was."""

    institution: str
    expires: float
    used_by: str | None = None
    certificate: str | None = None


def compose(secret: bytes, fingerprint: bytes) -> str:
    """The text that is given to an institution: 86 characters, without padding."""
    return base64.urlsafe_b64encode(secret + fingerprint).decode().rstrip("=")


def split(token: str) -> tuple[bytes, bytes]:
    """A token's secret and the fingerprint of the authority; raises BadEnrolment for a text that is none."""
    try:
        text = token.strip()
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != SECRET_BYTES + _FINGERPRINT_BYTES:
        raise BadEnrolment(reason="this is not a token: copy it whole")
    return decoded[:SECRET_BYTES], decoded[SECRET_BYTES:]


class Tokens:
    """The tokens in a folder. Its owner holds a lock around every call that changes something."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)

    def add(self, institution: str, hours: float) -> bytes:
        """A new secret; any token that this institution has not used yet stops counting."""
        self._sweep(institution)
        secret = secrets.token_bytes(SECRET_BYTES)
        write_json(self._path(secret), asdict(Kept(institution, time.time() + hours * 3600)))
        return secret

    def find(self, secret: bytes, public_key: str) -> Kept:
        """The token of that secret; raises BadEnrolment if it is unknown, has expired or was used for another key."""
        # The name is the hash of 256 random bits, so how long the look-up takes tells a guesser nothing.
        found = read_json(self._path(secret))
        if found is None:
            raise BadEnrolment(reason="the token is not known here; ask the coordinator for a new one")
        kept = Kept(**found)
        if kept.used_by not in (None, public_key):
            raise BadEnrolment(reason="the token has been used; ask the coordinator for a new one")
        if time.time() >= kept.expires:
            raise BadEnrolment(reason="the token has expired; ask the coordinator for a new one")
        return kept

    def use(self, secret: bytes, kept: Kept, public_key: str, certificate: str) -> None:
        """Mark a token as used by that key, which got that certificate (PEM) and may ask for it again for a while."""
        until = min(kept.expires, time.time() + _REPEAT_SECONDS)
        used = Kept(kept.institution, until, public_key, certificate)
        write_json(self._path(secret), asdict(used))

    def drop(self, institution: str) -> None:
        """Forget every token of an institution, used or not."""
        for path, kept in self._all():
            if kept.institution == institution:
                path.unlink(missing_ok=True)

    def outstanding(self) -> bool:
        """Whether somebody may still enrol, or ask again for the certificate that a used token brought."""
        return any(time.time() < kept.expires for _, kept in self._all())

    def _sweep(self, institution: str) -> None:
        for path, kept in self._all():
            stale = time.time() > kept.expires + _KEEP_SECONDS
            if stale or (kept.institution == institution and kept.used_by is None):
                path.unlink(missing_ok=True)

    def _all(self) -> list[tuple[Path, Kept]]:
        found = ((path, read_json(path)) for path in self._folder.glob("*.json"))
        return [(path, Kept(**value)) for path, value in found if value is not None]

    def _path(self, secret: bytes) -> Path:
        return self._folder / f"{hashlib.sha256(secret).hexdigest()}.json"
