"""The provider of a single sign-on: OpenID Connect's code flow with PKCE, from our side.

OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; PKCE is RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt

from fedcare.errors import SignOnFailed

SECONDS = 10
# Signatures that anybody can check with the provider's public key; never "none", never a shared secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY_SECONDS = 60


@dataclass(frozen=True)
class Attempt:
    """What one attempt to sign in keeps until the provider sends the browser back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is; ``subject`` never changes, ``email`` only counts because it is verified."""

    subject: str
    email: str


class Provider:
    """One provider, known by its issuer's address."""

    def __init__(self, issuer: str, client_id: str, client_secret: str | None) -> None:
        self._issuer, self._id, self._secret = issuer.rstrip("/"), client_id, client_secret
        self._metadata: dict[str, Any] = {}

    def authorization_url(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in; raises SignOnFailed."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._id,
            "redirect_uri": attempt.redirect_uri,
            "scope": "openid email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def identity(self, attempt: Attempt, code: str) -> Identity:
        """Who signed in, for the code that the browser brought back; raises SignOnFailed."""
        tokens = self._exchange(attempt, code)
        claims = self._verified(str(tokens.get("id_token", "")), attempt.nonce)
        if "email" not in claims and "userinfo_endpoint" in self._known():
            bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
            more = self._ask("GET", self._endpoint("userinfo_endpoint"), headers=bearer)
            # The answer counts only for the subject whose signature we checked (Core, section 5.3.4).
            claims |= more if more.get("sub") == claims["sub"] else {}
        email = str(claims.get("email", "")).strip().lower()
        if not email or claims.get("email_verified") is not True:
            raise SignOnFailed(reason="the provider names no verified email")
        return Identity(f"{self._issuer}#{claims['sub']}", email)

    def _exchange(self, attempt: Attempt, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth = httpx.BasicAuth(self._id, self._secret) if self._secret else None
        if auth is None:
            form["client_id"] = self._id
        return self._ask("POST", self._endpoint("token_endpoint"), data=form, auth=auth)

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        keys = self._ask("GET", self._endpoint("jwks_uri"))
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key_id in {None, key.key_id}]
            claims: dict[str, Any] = jwt.decode(
                token,
                usable[0],
                ALGORITHMS,
                audience=self._id,
                issuer=self._known()["issuer"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, IndexError, KeyError) as error:
            raise SignOnFailed(reason=f"the provider's token does not verify ({type(error).__name__})") from None
        if claims.get("nonce") != nonce:
            raise SignOnFailed(reason="the provider's token belongs to another attempt")
        return claims

    def _known(self) -> dict[str, Any]:
        if not self._metadata:
            found = self._ask("GET", f"{self._issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                raise SignOnFailed(reason="the provider calls itself otherwise than FEDCARE_OIDC_ISSUER says")
            self._metadata = found
        return self._metadata

    def _endpoint(self, name: str) -> str:
        address = self._known().get(name)
        if not isinstance(address, str):
            raise SignOnFailed(reason=f"the provider names no {name}")
        return address

    def _ask(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        try:
            answer = httpx.request(method, address, timeout=SECONDS, **options)
            held = answer.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise SignOnFailed(reason=f"the provider does not answer as it should ({type(error).__name__})") from None
        if not isinstance(held, dict):
            raise SignOnFailed(reason="the provider does not answer as it should")
        return held
