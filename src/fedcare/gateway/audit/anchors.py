"""Where each chain ended when it was last verified, or looked at by a gateway, kept outside the database.

Whoever owns the database can rewrite a whole chain, or cut off its end, so that it fits again: it then no longer goes
through the row that was noted here.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from fedcare.db.audit import Fault
from fedcare.db.tables import audit_heads, audit_log
from fedcare.errors import UnreadableFile

FILE = "audit-anchors.json"
EMBEDDED = "embedded"
"""The place of the embedded server's database, whose port may change."""


@contextmanager
def locked(path: Path, wait: bool) -> Iterator[bool]:
    """Nobody else reads and then writes the file meanwhile; False where somebody does and we do not ``wait``."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Anchor:
    """The last row of a chain: its number and its hash, in hexadecimal."""

    seq: int
    hash: str


class Anchors:
    """One file of anchors, by the database's place and the tenant."""

    def __init__(self, path: Path, place: str) -> None:
        self._path, self._place = path, place
        self._known = self._read()

    @property
    def knows_place(self) -> bool:
        """Whether any chain of this database was noted."""
        return bool(self._known.get(self._place))

    def of(self, tenant: int) -> Anchor | None:
        """The row that is noted as the last of a chain."""
        return self._known.get(self._place, {}).get(str(tenant))

    def faults(self, tx: Connection, tenant: int) -> Iterator[Fault]:
        """What the transaction's chain lacks of what it was."""
        anchor = self.of(tenant)
        if anchor is None:
            return
        row = audit_log.c.tenant == tenant, audit_log.c.seq == anchor.seq
        found = tx.execute(select(audit_log.c.hash).where(*row)).scalar_one_or_none()
        if found is None:
            yield Fault(tenant, anchor.seq, "the row that was once noted as the last is gone")
        elif bytes(found).hex() != anchor.hash:
            yield Fault(tenant, anchor.seq, "the row has another hash than was once noted: rewritten")

    def note(self, tx: Connection, tenant: int) -> None:
        """Remember where the transaction's chain ends now."""
        head = tx.execute(select(audit_heads).where(audit_heads.c.tenant == tenant)).one_or_none()
        known = self._known.setdefault(self._place, {})
        known.pop(str(tenant), None)
        if head is not None and head.seq > 0:
            known[str(tenant)] = Anchor(head.seq, bytes(head.hash).hex())

    def save(self) -> None:
        """Write the file, whole or not at all."""
        held = {
            place: {tenant: {"seq": anchor.seq, "hash": anchor.hash} for tenant, anchor in anchors.items()}
            for place, anchors in self._known.items()
        }
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(held, file, indent=1)
        part.replace(self._path)

    def _read(self) -> dict[str, dict[str, Anchor]]:
        if not self._path.exists():
            return {}
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                place: {tenant: Anchor(int(anchor["seq"]), str(anchor["hash"])) for tenant, anchor in anchors.items()}
                for place, anchors in held.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableFile(path=self._path, reason=f"it is no list of anchors ({type(error).__name__})") from None
