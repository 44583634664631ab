"""Single sign-on: the provider proves who somebody is, and a worker of that email is signed in; none is ever made."""

from __future__ import annotations

import secrets
import time
from typing import Any

import jwt
from sqlalchemy import Row, update

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Scope
from fedcare.db.tables import CONSORTIUM, medical_workers
from fedcare.errors import NoSignOn, SignOnFailed
from fedcare.gateway.auth import lockout, repository, service
from fedcare.gateway.auth.provider import Attempt, Identity, Provider
from fedcare.gateway.services import Services

ATTEMPT_SECONDS = 600
AUDIENCE, ALGORITHM = "fedcare-sign-on", "HS256"
ACTION = "auth.sign_on"


def begin(services: Services, redirect_uri: str, institution_id: int | None) -> tuple[str, str]:
    """The provider's address for the browser, and the sealed attempt that the browser keeps; raises NoSignOn."""
    attempt = Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), redirect_uri)
    address = _provider(services).authorization_url(attempt)
    return address, _seal(services, attempt, institution_id)


def finish(services: Services, origin: Origin, sealed: str, state: str, code: str) -> service.Tokens:
    """A session for whoever the provider names; raises SignOnFailed, which leaves a row in the audit log."""
    provider = _provider(services)
    email = None
    try:
        attempt, institution_id = _open(services, sealed)
        if not secrets.compare_digest(attempt.state.encode(), state.encode()):
            raise SignOnFailed(reason="it was begun elsewhere; begin again")
        identity = provider.identity(attempt, code)
        email = identity.email
        account = _account(services, identity, institution_id)
    except SignOnFailed:
        with services.database.transaction(Scope(CONSORTIUM)) as tx:
            kind, mark = ("email", lockout.email_mark(email)) if email else (None, None)
            audit.record(tx, origin, ACTION, kind, mark, "refused")
        raise
    return service.open_session(services, origin, account, ACTION)


def _account(services: Services, identity: Identity, institution_id: int | None) -> Row[Any]:
    """The one active account of that email; from the first time on only that subject may use it so."""
    with services.database.transaction(Scope(None, identity.email)) as tx:
        found = repository.accounts_of_email(tx, identity.email, institution_id)
    fitting = [account for account in found if account.is_active and account.subject in {None, identity.subject}]
    if not fitting:
        raise SignOnFailed(reason="nobody here has an account of that email; ask an administrator for one")
    if len(fitting) > 1:
        raise SignOnFailed(reason="that email has accounts at several institutions; name one in institution_id")
    account = fitting[0]
    if account.subject is None:
        with services.database.transaction(Scope.of(account.institution_id)) as tx:
            mine = medical_workers.c.id == account.id
            tx.execute(update(medical_workers).where(mine).values(subject=identity.subject))
    return account


def _provider(services: Services) -> Provider:
    provider = services.authenticator.provider
    if provider is None:
        raise NoSignOn()
    return provider


def _seal(services: Services, attempt: Attempt, institution_id: int | None) -> str:
    key = services.authenticator.keys.current()
    held = {
        "aud": AUDIENCE,
        "exp": int(time.time()) + ATTEMPT_SECONDS,
        "attempt": [attempt.state, attempt.nonce, attempt.verifier, attempt.redirect_uri],
        "institution": institution_id,
    }
    return jwt.encode(held, key.secret, ALGORITHM, headers={"kid": key.id})


def _open(services: Services, sealed: str) -> tuple[Attempt, int | None]:
    try:
        key = services.authenticator.keys.find(str(jwt.get_unverified_header(sealed).get("kid")))
        if key is None or not key.valid(ATTEMPT_SECONDS):
            raise SignOnFailed(reason="it took too long; begin again")
        held = jwt.decode(sealed, key.secret, [ALGORITHM], audience=AUDIENCE, options={"require": ["exp", "aud"]})
    except jwt.InvalidTokenError:
        raise SignOnFailed(reason="it took too long or was begun elsewhere; begin again") from None
    return Attempt(*held["attempt"]), held["institution"]
