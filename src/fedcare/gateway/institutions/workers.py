"""Who has an account: an institution's admin keeps its workers, the consortium's its own and the institutions' admins.

Each change is written into the audit chain of the institution that it concerns, whoever makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import sessions
from fedcare.errors import Conflict, Forbidden, InvalidRequest, NotFound, UnknownWorker
from fedcare.gateway import idempotency
from fedcare.gateway.auth import invitations
from fedcare.gateway.auth.repository import accounts_of_email, end_sessions
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.institutions import repository
from fedcare.gateway.institutions.schemas import NewWorker, WorkerFields, WorkerRole

WHAT = "worker"


@dataclass(frozen=True)
class Place:
    """Whose workers are meant, None for the consortium's own; ``admins_only`` where the caller keeps no others."""

    institution_id: int | None
    admins_only: bool = False

    @classmethod
    def of(cls, caller: Caller, institution_id: int | None) -> Place:
        """What the caller may keep of the institution that the request names; raises Forbidden for another's."""
        if caller.institution_id is None:
            return cls(institution_id, admins_only=True)
        if institution_id not in {None, caller.institution_id}:
            raise Forbidden()
        return cls(caller.institution_id)

    @property
    def scope(self) -> Scope:
        """The rows that are meant."""
        return Scope.of(self.institution_id)

    def allow(self, role: str) -> None:
        """Raises Forbidden for a role that the caller does not keep, InvalidRequest for one that cannot be here."""
        if self.institution_id is None and role != WorkerRole.ADMIN:
            problem = "whoever is not an administrator belongs to an institution: give institution_id"
            raise InvalidRequest([{"field": "role", "problem": problem}])
        if self.admins_only and role != WorkerRole.ADMIN:
            raise Forbidden()


@dataclass(frozen=True)
class Once:
    """A request that is done once, in the name of ``caller``, who may be of another institution than the place."""

    caller: Caller
    ticket: Ticket

    @classmethod
    def of(cls, caller: Caller, place: Place, ticket: Ticket | None) -> Once | None:
        """The key is kept among the rows that the transaction sees: those of the place."""
        return None if ticket is None else cls(replace(caller, institution_id=place.institution_id), ticket)


def page(database: Database, place: Place, after: UUID, count: int | None) -> Sequence[Row[Any]]:
    """Workers in the order in which they were added, all where ``count`` is None."""
    with database.transaction(place.scope) as tx:
        _check_institution(tx, place)
        return repository.list_workers(tx, after, count, WorkerRole.ADMIN if place.admins_only else None)


def of_email(database: Database, email: str, institution_id: int | None) -> Row[Any]:
    """The worker of that email, in one institution (0: the consortium) where one is named; raises UnknownWorker."""
    with database.transaction(Scope(None, email)) as tx:
        found = accounts_of_email(tx, email, institution_id)
    if len(found) != 1:
        hint = "It has accounts at several institutions: add --institution." if found else "See `fedcare workers list`."
        raise UnknownWorker(email=email, hint=hint)
    return found[0]


def add(
    database: Database, origin: Origin, place: Place, new: NewWorker, once: Once | None = None
) -> tuple[Row[Any], str]:
    """A new worker and the invitation that sets the password; raises Conflict for an email that is taken here.

    ``once``: of a request that must be done once. Sent again it gives the same worker and another invitation, since
    nobody keeps the first.
    """
    place.allow(new.role)
    values = new.model_dump(exclude={"institution_id"}) | {"id": new_id(), "institution_id": place.institution_id}
    try:
        with database.transaction(place.scope) as tx:
            _check_institution(tx, place)
            if once and (before := idempotency.claim(tx, once.caller, once.ticket)):
                return _invite(tx, origin, place, UUID(from_json(before.body)["id"]))
            row = repository.add_worker(tx, values)
            token = invitations.invite(tx, row.id, place.institution_id)
            if once:
                idempotency.keep(tx, once.caller, once.ticket, Answer(201, to_json({"id": row.id}).decode()))
            audit.record(tx, origin, "workers.create", WHAT, row.id)
            return row, token
    except IntegrityError:
        raise Conflict(reason="There is a worker with this email already.") from None


def invite(database: Database, origin: Origin, place: Place, worker_id: UUID) -> tuple[Row[Any], str]:
    """Another invitation: for one that expired or a password that was forgotten; the old password stays until then."""
    with database.transaction(place.scope) as tx:
        return _invite(tx, origin, place, worker_id)


def change(
    database: Database, origin: Origin, place: Place, worker_id: UUID, fields: WorkerFields
) -> tuple[Row[Any], list[UUID]]:
    """Another name, role or state, and the sessions that ended by it; raises Conflict for one's own role or state."""
    place.allow(fields.role)
    with database.transaction(place.scope) as tx:
        before = _find(tx, place, worker_id)
        changes_rights = (before.role, before.is_active) != (fields.role, fields.is_active)
        if changes_rights:
            _refuse_oneself(origin, worker_id)
        row = repository.change_worker(tx, worker_id, fields.model_dump())
        ended = end_sessions(tx, "rights", sessions.c.worker_id == worker_id) if changes_rights else []
        audit.record(tx, origin, "workers.update", WHAT, worker_id)
        return row, ended


def remove(database: Database, origin: Origin, place: Place, worker_id: UUID) -> list[UUID]:
    """Remove the account, for good, and the sessions that ended by it; raises Conflict for one's own."""
    with database.transaction(place.scope) as tx:
        _find(tx, place, worker_id)
        _refuse_oneself(origin, worker_id)
        ended = end_sessions(tx, "removed", sessions.c.worker_id == worker_id)
        repository.remove_worker(tx, worker_id)
        audit.record(tx, origin, "workers.delete", WHAT, worker_id)
        return ended


def _invite(tx: Connection, origin: Origin, place: Place, worker_id: UUID) -> tuple[Row[Any], str]:
    row = _find(tx, place, worker_id)
    token = invitations.invite(tx, row.id, place.institution_id)
    audit.record(tx, origin, "workers.invite", WHAT, row.id)
    return row, token


def _find(tx: Connection, place: Place, worker_id: UUID) -> Row[Any]:
    row = repository.find_worker(tx, worker_id)
    # Whom the caller does not keep is not even there.
    if row is None or (place.admins_only and row.role != WorkerRole.ADMIN):
        raise NotFound(what=WHAT)
    return row


def _check_institution(tx: Connection, place: Place) -> None:
    if place.institution_id is not None and not repository.institution_exists(tx, place.institution_id):
        raise NotFound(what="institution")


def _refuse_oneself(origin: Origin, worker_id: UUID) -> None:
    """So that there is always somebody left who can let others in."""
    if origin.actor == worker_id:
        raise Conflict(reason="You cannot take away your own rights. Ask another administrator.")
