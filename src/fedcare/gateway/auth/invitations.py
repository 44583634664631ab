"""Invitations: a token that sets a worker's password, once, within some days; nobody else ever knows the password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import CONSORTIUM, institutions, invitations, medical_workers, sessions
from fedcare.errors import InvalidRequest, Unauthenticated
from fedcare.gateway.auth import lockout, opaque, repository
from fedcare.gateway.auth.schemas import AcceptInvitation
from fedcare.gateway.services import Services

VALID_DAYS = 7
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended('fedcare first admin', 0))")


def invite(tx: Connection, worker_id: UUID | None, institution_id: int | None) -> str:
    """A new token for a worker of the transaction's institution; one given before no longer counts."""
    tx.execute(delete(invitations).where(invitations.c.worker_id.is_not_distinct_from(worker_id)))
    token = opaque.make(institution_id)
    values = {"token_hash": opaque.digest(token), "worker_id": worker_id, "institution_id": institution_id}
    expires = func.now() + timedelta(days=VALID_DAYS)
    tx.execute(insert(invitations).values(**values, expires_at=expires))
    return token


def invite_first_admin(database: Database) -> str | None:
    """A token that makes the consortium's first admin, where nobody at all has an account yet; else None."""
    with database.transaction(Scope(None)) as tx:
        tenants = [CONSORTIUM, *tx.execute(select(institutions.c.id)).scalars()]
    for tenant in tenants:
        with database.transaction(Scope(tenant)) as tx:
            if tx.execute(select(medical_workers.c.id).limit(1)).first():
                return None
    with database.transaction(Scope(CONSORTIUM)) as tx:
        tx.execute(_ONE_AT_A_TIME)
        return invite(tx, None, None)


def accept(services: Services, source: Origin, body: AcceptInvitation) -> None:
    """Set the password of whom the token invites, and end what sessions there were.

    Raises Unauthenticated for a token that does not count, InvalidRequest where a first admin gives no email or name.
    """
    hashed = services.authenticator.passwords.hash(body.password)
    with services.database.transaction(Scope(opaque.tenant(body.token))) as tx:
        tx.execute(_ONE_AT_A_TIME)
        invitation = _take(tx, body.token)
        if invitation.worker_id is None:
            worker_id, email = _make_first_admin(tx, body), body.email
        else:
            worker_id, email = invitation.worker_id, _email(tx, invitation.worker_id)
        assert email is not None
        repository.set_password(tx, worker_id, hashed)
        lockout.succeeded(tx, email)
        ended = repository.end_sessions(tx, "password", sessions.c.worker_id == worker_id)
        origin = Origin(worker_id, source.source, source.request_id)
        audit.record(tx, origin, "auth.accept_invitation", "worker", worker_id)
    for session_id in ended:
        services.authenticator.forget(session_id)


def _take(tx: Connection, token: str) -> Row[Any]:
    mine = invitations.c.token_hash == opaque.digest(token)
    taken = delete(invitations).where(mine, invitations.c.expires_at > func.now()).returning(invitations)
    row = tx.execute(taken).one_or_none()
    if row is None:
        raise Unauthenticated(reason="the invitation was used, has expired or is none; ask for a new one")
    return row


def _make_first_admin(tx: Connection, body: AcceptInvitation) -> UUID:
    missing = [field for field in ("email", "name") if getattr(body, field) is None]
    if missing:
        raise InvalidRequest([{"field": field, "problem": "the first administrator must give it"} for field in missing])
    if tx.execute(select(medical_workers.c.id).limit(1)).first():
        raise Unauthenticated(reason="the consortium has an administrator already; ask there for an invitation")
    worker_id = new_id()
    values = {"id": worker_id, "email": body.email, "name": body.name, "role": "admin"}
    tx.execute(insert(medical_workers).values(values))
    return worker_id


def _email(tx: Connection, worker_id: UUID) -> str:
    return str(tx.execute(select(medical_workers.c.email).where(medical_workers.c.id == worker_id)).scalar_one())
