"""Signing in and out, and keeping a session alive. Every refusal leaves a row in an audit chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Scope
from fedcare.db.tables import sessions
from fedcare.errors import Conflict, LockedOut, Unauthenticated, WrongLogin
from fedcare.gateway.auth import lockout, opaque, repository
from fedcare.gateway.caller import Caller, Role
from fedcare.gateway.services import Services

REUSE_GRACE = timedelta(seconds=10)
_OVER = "the session has ended; sign in again"


@dataclass(frozen=True)
class Tokens:
    """A session's tokens. ``refresh`` is None where the one in use stays."""

    access: str
    refresh: str | None
    csrf: str


def log_in(services: Services, origin: Origin, email: str, password: str, institution_id: int | None) -> Tokens:
    """A new session for the account that email and password belong to.

    Whatever is wrong, the answer and the work behind it are the same. Raises LockedOut, WrongLogin, or Conflict where
    they fit accounts of several institutions and none is named.
    """
    accounts = _begin(services, origin, email, institution_id)
    passwords = services.authenticator.passwords
    usable = [account for account in accounts if account.is_active]
    fitting = [account for account in usable if passwords.check(password, account.password_hash)]
    if not usable:
        passwords.check(password, None)
    if not fitting:
        _refuse(services, origin, email, accounts)
        raise WrongLogin()
    if len(fitting) > 1:
        raise Conflict(reason="This email has accounts at several institutions: name one in institution_id.")
    account = fitting[0]
    rehashed = passwords.hash(password) if passwords.outdated(account.password_hash) else None
    return _open(services, origin, account, email, rehashed)


def open_session(services: Services, origin: Origin, account: Row[Any], action: str = "auth.login") -> Tokens:
    """A new session for a worker whose identity somebody else has proved."""
    return _open(services, origin, account, None, None, action)


def refresh(services: Services, source: Origin, token: str, check_csrf: bool, request: Any) -> Tokens:
    """New tokens for a refresh token, which counts once.

    Used again within ten seconds (two tabs, a lost answer) it gives an access token and no refresh token; used again
    later somebody has stolen it: the session ends for whoever holds it. Raises Unauthenticated.
    """
    with services.database.transaction(Scope(opaque.tenant(token))) as tx:
        row = repository.lock_refresh_token(tx, token)
        if row is None or row.over or not row.is_active:
            raise Unauthenticated(reason=_OVER)
        if check_csrf:
            services.authenticator.check_csrf(request, row.session_id)
        origin = Origin(row.worker_id, source.source, source.request_id)
        stolen = row.since_use is not None and row.since_use > REUSE_GRACE
        renewed = None
        if stolen:
            repository.end_session(tx, row.session_id, "reuse")
            audit.record(tx, origin, "auth.refresh", "session", row.session_id, "refused")
        elif row.used_at is None:
            renewed = opaque.make(row.institution_id)
            repository.use_refresh_token(tx, token)
            repository.add_refresh_token(tx, renewed, row.session_id, row.institution_id)
    if stolen:
        services.authenticator.forget(row.session_id)
        raise Unauthenticated(reason=_OVER)
    return _tokens(services, row.worker_id, row.institution_id, row.role, row.session_id, renewed)


def log_out(services: Services, caller: Caller, everywhere: bool = False) -> None:
    """End the caller's session, or ``everywhere`` all that the caller has, in every gateway."""
    which = sessions.c.worker_id == caller.worker_id if everywhere else sessions.c.id == caller.session_id
    with services.database.transaction(caller.scope) as tx:
        ended = repository.end_sessions(tx, "logout", which)
        if everywhere:
            audit.record(tx, caller.origin, "auth.logout_everywhere", "worker", caller.worker_id)
        else:
            audit.record(tx, caller.origin, "auth.logout", "session", caller.session_id)
    for session_id in {caller.session_id, *ended}:
        services.authenticator.forget(session_id)


def change_password(services: Services, caller: Caller, current: str, new: str) -> None:
    """Replace the caller's password and end the caller's other sessions; raises WrongLogin or LockedOut."""
    with services.database.transaction(caller.scope) as tx:
        account = repository.worker(tx, caller.worker_id)
    if account is None:
        raise Unauthenticated(reason=_OVER)
    _begin(services, caller.origin, account.email, account.tenant)
    if not services.authenticator.passwords.check(current, account.password_hash):
        _refuse(services, caller.origin, account.email, [account], "auth.change_password")
        raise WrongLogin()
    hashed = services.authenticator.passwords.hash(new)
    with services.database.transaction(caller.scope) as tx:
        lockout.succeeded(tx, account.email)
        repository.set_password(tx, caller.worker_id, hashed)
        others = (sessions.c.worker_id == caller.worker_id, sessions.c.id != caller.session_id)
        ended = repository.end_sessions(tx, "password", *others)
        audit.record(tx, caller.origin, "auth.change_password", "worker", caller.worker_id)
    for session_id in ended:
        services.authenticator.forget(session_id)


def _begin(services: Services, origin: Origin, email: str, institution_id: int | None) -> Sequence[Row[Any]]:
    """The accounts to try, once the attempt is counted."""
    with services.database.transaction(Scope(None, email)) as tx:
        accounts = repository.accounts_of_email(tx, email, institution_id)
    try:
        with services.database.transaction(Scope(None)) as tx:
            lockout.begin_attempt(tx, email)
    except LockedOut:
        _refuse(services, origin, email, accounts, outcome="locked")
        raise
    return accounts


def _open(
    services: Services,
    source: Origin,
    account: Row[Any],
    email: str | None,
    rehashed: str | None,
    action: str = "auth.login",
) -> Tokens:
    renewed = opaque.make(account.institution_id)
    with services.database.transaction(Scope.of(account.institution_id)) as tx:
        if email is not None:
            lockout.succeeded(tx, email)
        if rehashed is not None:
            repository.set_password(tx, account.id, rehashed)
        session_id = repository.add_session(tx, account.id, account.institution_id)
        repository.add_refresh_token(tx, renewed, session_id, account.institution_id)
        origin = Origin(account.id, source.source, source.request_id)
        audit.record(tx, origin, action, "session", session_id)
    return _tokens(services, account.id, account.institution_id, account.role, session_id, renewed)


def _tokens(
    services: Services, worker_id: UUID, institution_id: int | None, role: str, session_id: UUID, renewed: str | None
) -> Tokens:
    authenticator = services.authenticator
    acting = Role.CONSORTIUM if institution_id is None else Role(role)
    access = authenticator.tokens.make(worker_id, institution_id, acting, session_id)
    return Tokens(access, renewed, authenticator.csrf.make(session_id))


def _refuse(
    services: Services,
    origin: Origin,
    email: str,
    accounts: Sequence[Row[Any]],
    action: str = "auth.login",
    outcome: str = "refused",
) -> None:
    """One row, in the chain of the account's institution; in the consortium's where there is no account."""
    account = accounts[0] if accounts else None
    scope = Scope.of(account.institution_id if account else None)
    kind, who = ("worker", account.id) if account else ("email", lockout.email_mark(email))
    with services.database.transaction(scope) as tx:
        audit.record(tx, origin, action, kind, who, outcome)
