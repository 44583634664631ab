"""Who asks: the one thing every service knows of a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from fedcare.db.audit import Origin
from fedcare.db.database import Scope


class Role(StrEnum):
    """What a worker may be; ``CONSORTIUM`` is an admin without an institution."""

    NURSE = "nurse"
    DOCTOR = "doctor"
    ADMIN = "admin"
    CONSORTIUM = "consortium"


@dataclass(frozen=True)
class Caller:
    """A worker with a session; ``source`` is the address the request came from."""

    worker_id: UUID
    institution_id: int | None
    role: Role
    session_id: UUID
    source: str | None = None
    request_id: str | None = None

    @property
    def scope(self) -> Scope:
        """The rows that the caller's transactions see."""
        return Scope.of(self.institution_id)

    @property
    def origin(self) -> Origin:
        """For the audit log."""
        return Origin(self.worker_id, self.source, self.request_id)
