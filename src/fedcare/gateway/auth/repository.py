"""Accounts, sessions and refresh tokens in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from fedcare.db.ids import new_id
from fedcare.db.tables import ended_sessions, medical_workers, refresh_tokens, sessions
from fedcare.gateway.auth import opaque
from fedcare.gateway.auth.tokens import SESSION_SECONDS
from fedcare.gateway.events import tell

SESSIONS_CHANNEL = "fedcare_sessions"

_ACCOUNTS = select(medical_workers).order_by(medical_workers.c.tenant)
_WORKER = select(medical_workers)
_REFRESH = (
    select(
        refresh_tokens.c.used_at,
        (func.now() - refresh_tokens.c.used_at).label("since_use"),
        sessions.c.id.label("session_id"),
        (sessions.c.ended_at.is_not(None) | (sessions.c.expires_at < func.now())).label("over"),
        medical_workers.c.id.label("worker_id"),
        medical_workers.c.institution_id,
        medical_workers.c.role,
        medical_workers.c.is_active,
    )
    .join(sessions, (sessions.c.tenant == refresh_tokens.c.tenant) & (sessions.c.id == refresh_tokens.c.session_id))
    .join(
        medical_workers,
        (medical_workers.c.tenant == sessions.c.tenant) & (medical_workers.c.id == sessions.c.worker_id),
    )
    .with_for_update(of=[refresh_tokens, sessions])
)


def accounts_of_email(tx: Connection, email: str, institution_id: int | None) -> Sequence[Row[Any]]:
    """The accounts of an email, in one institution (0: the consortium) where one is named."""
    query = _ACCOUNTS.where(medical_workers.c.email == email)
    if institution_id is not None:
        query = query.where(medical_workers.c.tenant == institution_id)
    return tx.execute(query).all()


def worker(tx: Connection, worker_id: UUID) -> Row[Any] | None:
    """A worker of the transaction's institution."""
    return tx.execute(_WORKER.where(medical_workers.c.id == worker_id)).one_or_none()


def set_password(tx: Connection, worker_id: UUID, password_hash: str) -> None:
    """Replace a password's hash."""
    tx.execute(update(medical_workers).where(medical_workers.c.id == worker_id).values(password_hash=password_hash))


def add_session(tx: Connection, worker_id: UUID, institution_id: int | None) -> UUID:
    """A new session of a worker."""
    session_id = new_id()
    expires = func.now() + timedelta(seconds=SESSION_SECONDS)
    values = {"id": session_id, "institution_id": institution_id, "worker_id": worker_id, "expires_at": expires}
    tx.execute(insert(sessions).values(values))
    return session_id


def add_refresh_token(tx: Connection, token: str, session_id: UUID, institution_id: int | None) -> None:
    """Keep a refresh token's hash."""
    values = {"token_hash": opaque.digest(token), "session_id": session_id, "institution_id": institution_id}
    tx.execute(insert(refresh_tokens).values(values))


def lock_refresh_token(tx: Connection, token: str) -> Row[Any] | None:
    """A refresh token with its session and worker, held against every other use of it until the commit."""
    return tx.execute(_REFRESH.where(refresh_tokens.c.token_hash == opaque.digest(token))).one_or_none()


def use_refresh_token(tx: Connection, token: str) -> None:
    """From now on it counts as used."""
    row = refresh_tokens.c.token_hash == opaque.digest(token)
    tx.execute(update(refresh_tokens).where(row).values(used_at=func.now()))


def end_sessions(tx: Connection, by: str, *which: ColumnElement[bool]) -> list[UUID]:
    """End the sessions that ``which`` selects and that still last; every gateway hears of it at the commit."""
    ending = update(sessions).where(sessions.c.ended_at.is_(None), *which)
    ended = list(tx.execute(ending.values(ended_at=func.now(), ended_by=by).returning(sessions.c.id)).scalars())
    _announce(tx, ended)
    return ended


def end_session(tx: Connection, session_id: UUID, by: str) -> None:
    """End one."""
    end_sessions(tx, by, sessions.c.id == session_id)


def _announce(tx: Connection, ended: Iterable[UUID]) -> None:
    for session_id in ended:
        tx.execute(insert_or(ended_sessions).values(id=session_id).on_conflict_do_nothing())
        tell(tx, SESSIONS_CHANNEL, str(session_id))
