"""Access tokens: who is signed in, signed, for ten minutes."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from uuid import UUID

import jwt

from fedcare.errors import Unauthenticated
from fedcare.gateway.auth.keys import SigningKeys
from fedcare.gateway.caller import Role

ACCESS_SECONDS = 600
SESSION_SECONDS = 12 * 3600
"""A session ends after a long shift, however often it was refreshed."""

AUDIENCE, ALGORITHM = "fedcare", "HS256"
_CACHED = 10_000


@dataclass(frozen=True)
class Claims:
    """What a token says; ``expires`` in Unix seconds, ``institution_id`` None for the consortium."""

    worker_id: UUID
    institution_id: int | None
    role: Role
    session_id: UUID
    expires: float


class Tokens:
    """Makes and reads access tokens; what was read once is remembered, since a signature costs 20 times a look-up."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self._seen: dict[str, Claims] = {}

    def make(self, worker_id: UUID, institution_id: int | None, role: Role, session_id: UUID) -> str:
        """A token for a session."""
        now, key = int(time.time()), self._keys.current()
        claims = {
            "aud": AUDIENCE,
            "sub": str(worker_id),
            "inst": institution_id,
            "role": role.value,
            "sid": str(session_id),
            "iat": now,
            "exp": now + ACCESS_SECONDS,
        }
        return jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.id})

    def read(self, token: str) -> Claims:
        """The claims of a token that we signed and that has not expired; raises Unauthenticated."""
        claims = self._seen.get(token)
        if claims is None:
            claims = self._verify(token)
            self._remember(token, claims)
        elif claims.expires <= time.time():
            self._seen.pop(token, None)
            raise Unauthenticated(reason="the session's token has expired; refresh it")
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            key = self._keys.find(str(jwt.get_unverified_header(token).get("kid")))
            if key is None or not key.valid(ACCESS_SECONDS):
                raise Unauthenticated(reason="the token is not one of ours")
            held = jwt.decode(
                token,
                key.secret,
                [ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["exp", "sub", "sid", "role", "aud"]},
            )
            return Claims(UUID(held["sub"]), held["inst"], Role(held["role"]), UUID(held["sid"]), held["exp"])
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(reason="the session's token has expired; refresh it") from None
        except (jwt.InvalidTokenError, KeyError, ValueError):
            raise Unauthenticated(reason="the token is not one of ours") from None

    def _remember(self, token: str, claims: Claims) -> None:
        # The oldest goes: a dictionary keeps the order in which it was filled.
        while len(self._seen) >= _CACHED:
            self._seen.pop(next(iter(self._seen)), None)
        self._seen[token] = claims


class CsrfTokens:
    """What a page must send back in a header with a session that lies in cookies: a keyed hash of the session's id."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def make(self, session_id: UUID) -> str:
        """The token of a session."""
        key = self._keys.current()
        return f"{key.id}.{key.mac('csrf', str(session_id))}"

    def fits(self, token: str, session_id: UUID) -> bool:
        """Whether it is the session's, made with a key of now or of before."""
        key = self._keys.find(token.partition(".")[0])
        if key is None or not key.valid(SESSION_SECONDS):
            return False
        return hmac.compare_digest(token.encode(), f"{key.id}.{key.mac('csrf', str(session_id))}".encode())
