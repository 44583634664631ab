"""Who asks? The one answer, for every route, without a question to the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from sqlalchemy import select

from fedcare.db.database import Database, Scope
from fedcare.db.tables import ended_sessions
from fedcare.errors import BadCsrfToken, BadRequest, Unauthenticated
from fedcare.gateway.auth import cookies
from fedcare.gateway.auth.keys import SigningKeys
from fedcare.gateway.auth.passwords import Passwords
from fedcare.gateway.auth.provider import Provider
from fedcare.gateway.auth.repository import SESSIONS_CHANNEL
from fedcare.gateway.auth.tokens import ACCESS_SECONDS, Claims, CsrfTokens, Tokens
from fedcare.gateway.caller import Caller
from fedcare.gateway.config import GatewayConfig
from fedcare.gateway.events import Handler

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class _Credentials(NamedTuple):
    token: str
    in_cookie: bool


class Authenticator:
    """Knows the signing keys, and which sessions ended before their tokens did.

    Ended sessions come as news from the database. While news cannot arrive (``fresh()`` is false, or the list could
    not be read) each request asks the database instead: call ``caller`` from a thread then.
    """

    def __init__(self, config: GatewayConfig, database: Database) -> None:
        self._database = database
        self.keys = SigningKeys(config.home / "keys")
        self.tokens, self.csrf = Tokens(self.keys), CsrfTokens(self.keys)
        self.passwords = Passwords(config.argon2_light)
        self.provider = _provider(config)
        self.fresh: Callable[[], bool] = lambda: False
        self._ended: dict[UUID, float] = {}
        self._complete = False

    @property
    def quick(self) -> bool:
        """Whether ``caller`` answers from memory."""
        return self._complete and self.fresh()

    def caller(self, request: Request) -> Caller:
        """The worker whose session the request carries; raises Unauthenticated, BadCsrfToken, BadRequest.

        It stands in the request's state as ``caller`` from then on, also where the CSRF token is refused.
        """
        credentials = _credentials(request)
        claims = self.tokens.read(credentials.token)
        if self._has_ended(claims):
            raise Unauthenticated(reason="the session has ended")
        client, state = request.client, request.state
        state.caller = caller = Caller(
            claims.worker_id,
            claims.institution_id,
            claims.role,
            claims.session_id,
            client.host if client else None,
            getattr(state, "request_id", None),
        )
        if credentials.in_cookie and request.method not in READING:
            self.check_csrf(request, claims.session_id)
        return caller

    def check_csrf(self, request: Request, session_id: UUID) -> None:
        """Refuse a browser's request that a foreign page may have made; raises BadCsrfToken."""
        sent, kept = request.headers.get("x-csrf-token", ""), request.cookies.get(cookies.CSRF, "")
        if not sent or sent != kept or not self.csrf.fits(sent, session_id):
            raise BadCsrfToken()

    def forget(self, session_id: UUID) -> None:
        """Refuse a session's tokens from now on in this process, whose transaction ended it."""
        self._ended[session_id] = time.time()

    def news(self) -> dict[str, Handler]:
        """What to listen to."""
        return {SESSIONS_CHANNEL: self._hear}

    def _hear(self, payload: str | None) -> None:
        if payload is not None:
            self.forget(UUID(payload))
            return
        self._complete = False
        with self._database.transaction(Scope(None)) as tx:
            known = tx.execute(select(ended_sessions.c.id, ended_sessions.c.ended_at)).all()
        self._ended.update({row.id: row.ended_at.timestamp() for row in known})
        # A token outlives its session by ten minutes at most: what ended earlier need not be remembered.
        horizon = time.time() - 2 * ACCESS_SECONDS
        for key in [key for key, at in self._ended.copy().items() if at < horizon]:
            self._ended.pop(key, None)
        self._complete = True

    def _has_ended(self, claims: Claims) -> bool:
        if claims.session_id in self._ended:
            return True
        if self.quick:
            return False
        with self._database.transaction(Scope(None)) as tx:
            query = select(ended_sessions.c.id).where(ended_sessions.c.id == claims.session_id)
            return tx.execute(query).first() is not None


def _provider(config: GatewayConfig) -> Provider | None:
    if config.oidc_issuer is None or config.oidc_client_id is None:
        return None
    return Provider(config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret)


def _credentials(request: Request) -> _Credentials:
    sent = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(sent) > 1:
        raise BadRequest(reason="it carries more than one Authorization header")
    if sent and (header := sent[0].decode("latin-1")):
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(reason="the Authorization header must read `Bearer TOKEN`")
        return _Credentials(token.strip(), in_cookie=False)
    token = request.cookies.get(cookies.ACCESS, "")
    if not token:
        raise Unauthenticated(reason="the request carries no session")
    return _Credentials(token, in_cookie=True)
