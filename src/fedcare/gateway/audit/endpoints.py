"""Reading and verifying one's institution's audit log; the consortium has one of its own."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from fedcare.db import audit
from fedcare.gateway.answers import answers
from fedcare.gateway.audit import repository
from fedcare.gateway.audit.repository import Filter
from fedcare.gateway.audit.schemas import AuditPage, Entry, FaultSeen, Verification
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.types import Cursor, PageSize, Text100, from_cursor, to_cursor

router = APIRouter(prefix="/audit", tags=["audit"])

Moment = Annotated[AwareDatetime, Query(description="A time with its zone, such as 2026-01-31T12:00:00Z.")]


@router.get("", operation_id="listAudit", responses=answers())
def list_audit(
    caller: CurrentCaller,
    services: CurrentServices,
    actor: UUID | None = None,
    action: Text100 | None = None,
    subject_type: Text100 | None = None,
    subject_id: Text100 | None = None,
    outcome: Text100 | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> AuditPage:
    """Who did what, newest first."""
    wanted = Filter(actor, action, subject_type, subject_id, outcome, since, until)
    before = _position(cursor) if cursor else None
    with services.database.transaction(caller.scope) as tx:
        rows = repository.newest(tx, wanted, before, limit + 1)
    items = [Entry.model_validate(row) for row in rows[:limit]]
    return AuditPage(items=items, next=to_cursor([items[-1].seq]) if len(rows) > limit else None)


@router.get("/verify", operation_id="verifyAudit", responses=answers())
def verify_audit(caller: CurrentCaller, services: CurrentServices) -> Verification:
    """Recompute the whole chain; each row that was edited, removed, inserted or moved is named."""
    with services.database.transaction(caller.scope) as tx:
        faults = audit.verify(tx)
        rows = repository.length(tx)
    return Verification(intact=not faults, rows=rows, faults=[FaultSeen.model_validate(fault) for fault in faults])


def _position(cursor: str) -> int:
    seq: int = from_cursor(cursor, int)[0]
    # Beyond what the column holds there is nothing to compare with.
    return min(max(seq, 0), 2**63 - 1)
