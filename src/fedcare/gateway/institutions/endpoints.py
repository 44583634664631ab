"""Institutions, and the people who work there."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Row

from fedcare.errors import Conflict, InvalidRequest
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.idempotency import CurrentTicket
from fedcare.gateway.institutions import service, workers
from fedcare.gateway.institutions.schemas import (
    Institution,
    InstitutionFields,
    InstitutionId,
    InstitutionPage,
    InvitedWorker,
    NewWorker,
    Worker,
    WorkerFields,
    WorkerPage,
)
from fedcare.gateway.services import CurrentServices, Services
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.types import INT32, Cursor, PageSize, from_cursor, to_cursor

router = APIRouter(tags=["institutions"], route_class=StrictRoute)

Whose = Annotated[
    InstitutionId | None, Query(description="The consortium's to say: whose admins are meant; without it, one's own.")
]
FIRST = UUID(int=0)


@router.get("/institutions", operation_id="listInstitutions", responses=answers())
def list_institutions(
    _: CurrentCaller, services: CurrentServices, cursor: Cursor | None = None, limit: PageSize = 50
) -> InstitutionPage:
    """Who takes part in the consortium."""
    after = min(max(from_cursor(cursor, int)[0], 0), INT32) if cursor else 0
    rows = service.page(services.database, after, limit + 1)
    items = [_institution(row) for row in rows[:limit]]
    return InstitutionPage(items=items, next=to_cursor([items[-1].id]) if len(rows) > limit else None)


@router.post("/institutions", operation_id="createInstitution", status_code=201, responses=answers(Conflict))
def create_institution(body: InstitutionFields, caller: CurrentCaller, services: CurrentServices) -> Institution:
    """Admit an institution."""
    return _institution(service.add(services.database, caller.origin, body))


@router.put("/institutions/{institution_id}", operation_id="updateInstitution", responses=answers(Conflict))
def update_institution(
    institution_id: InstitutionId, body: InstitutionFields, caller: CurrentCaller, services: CurrentServices
) -> Institution:
    """Replace an institution's name, address and retention periods; its own admin may, and the consortium."""
    return _institution(service.change(services.database, caller, institution_id, body))


@router.delete(
    "/institutions/{institution_id}", operation_id="deleteInstitution", status_code=204, responses=answers(Conflict)
)
def delete_institution(institution_id: InstitutionId, caller: CurrentCaller, services: CurrentServices) -> None:
    """Dismiss an institution that never did anything."""
    service.remove(services.database, caller.origin, institution_id)


@router.get("/workers", operation_id="listWorkers", responses=answers())
def list_workers(
    caller: CurrentCaller,
    services: CurrentServices,
    institution_id: Whose = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> WorkerPage:
    """One's institution's workers; for the consortium its own admins, or those of an institution."""
    after = _worker_id(cursor) if cursor else FIRST
    rows = workers.page(services.database, workers.Place.of(caller, institution_id), after, limit + 1)
    items = [Worker.model_validate(row) for row in rows[:limit]]
    return WorkerPage(items=items, next=to_cursor([items[-1].id]) if len(rows) > limit else None)


@router.post("/workers", operation_id="createWorker", status_code=201, responses=answers(Conflict))
def create_worker(
    body: NewWorker, caller: CurrentCaller, services: CurrentServices, ticket: CurrentTicket
) -> InvitedWorker:
    """Add a worker; the invitation sets the password.

    Sent again with its `Idempotency-Key` it gives the same worker and a new invitation, which replaces the first.
    """
    place = workers.Place.of(caller, body.institution_id)
    once = workers.Once.of(caller, place, ticket)
    row, token = workers.add(services.database, caller.origin, place, body, once)
    return InvitedWorker(worker=Worker.model_validate(row), invitation=token)


@router.post("/workers/{worker_id}/invitation", operation_id="inviteWorker", status_code=201, responses=answers())
def invite_worker(
    worker_id: UUID, caller: CurrentCaller, services: CurrentServices, institution_id: Whose = None
) -> InvitedWorker:
    """Another invitation, for one that expired or a password that was forgotten."""
    place = workers.Place.of(caller, institution_id)
    row, token = workers.invite(services.database, caller.origin, place, worker_id)
    return InvitedWorker(worker=Worker.model_validate(row), invitation=token)


@router.put("/workers/{worker_id}", operation_id="updateWorker", responses=answers(Conflict))
def update_worker(
    worker_id: UUID,
    body: WorkerFields,
    caller: CurrentCaller,
    services: CurrentServices,
    institution_id: Whose = None,
) -> Worker:
    """Change a worker's name, role or state; where rights change, sessions end at once."""
    place = workers.Place.of(caller, institution_id)
    row, ended = workers.change(services.database, caller.origin, place, worker_id, body)
    _forget(services, ended)
    return Worker.model_validate(row)


@router.delete("/workers/{worker_id}", operation_id="deleteWorker", status_code=204, responses=answers(Conflict))
def delete_worker(
    worker_id: UUID, caller: CurrentCaller, services: CurrentServices, institution_id: Whose = None
) -> None:
    """Remove a worker's account; what the worker did stays on record."""
    place = workers.Place.of(caller, institution_id)
    _forget(services, workers.remove(services.database, caller.origin, place, worker_id))


def _institution(row: Row[Any]) -> Institution:
    return Institution.model_validate(dict(row._mapping))


def _forget(services: Services, ended: list[UUID]) -> None:
    for session_id in ended:
        services.authenticator.forget(session_id)


def _worker_id(cursor: str) -> UUID:
    try:
        return UUID(from_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}]) from None
