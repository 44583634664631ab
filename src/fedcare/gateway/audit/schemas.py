"""The audit log as it is read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Who did what to which record, from where, and how it ended: ``ok``, ``refused`` or ``locked``.

    ``actor`` is null where nobody was signed in, ``actor_name`` also where the account is gone or the consortium's.
    """

    model_config = ConfigDict(from_attributes=True)

    seq: int
    at: datetime
    actor: UUID | None
    actor_name: str | None
    action: str
    subject_type: str | None
    subject_id: str | None
    outcome: str
    source: str | None
    request_id: str | None


class AuditPage(BaseModel):
    """Newest first; ``next`` is the cursor of the page after this one, null on the last."""

    items: list[Entry]
    next: str | None


class FaultSeen(BaseModel):
    """What is wrong with the chain, and at which row."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    reason: str


class Verification(BaseModel):
    """``rows`` is how many the chain should have."""

    intact: bool
    rows: int
    faults: list[FaultSeen]
