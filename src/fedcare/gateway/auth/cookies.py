"""A browser's session: cookies that no script can read and no foreign page can make it send."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response

from fedcare.gateway.auth.tokens import ACCESS_SECONDS, SESSION_SECONDS
from fedcare.gateway.config import GatewayConfig

ACCESS, REFRESH, CSRF = "fedcare_access", "fedcare_refresh", "fedcare_csrf"
API, AUTH = "/api", "/api/auth"
SIGN_ON, SIGN_ON_PATH = "fedcare_sign_on", "/api/auth/oidc"


def keep(
    request: Request, response: Response, config: GatewayConfig, access: str, refresh: str | None, csrf: str
) -> None:
    """Hand the tokens to a browser; without ``refresh`` it keeps the one that it has."""
    secure = is_secure(request, config)
    _set(response, ACCESS, access, API, ACCESS_SECONDS, secure)
    if refresh is not None:
        _set(response, REFRESH, refresh, AUTH, SESSION_SECONDS, secure)
    # Only our own pages can read it and send it back, which is the proof that they asked.
    _set(response, CSRF, csrf, "/", SESSION_SECONDS, secure, http_only=False)


def keep_attempt(request: Request, response: Response, config: GatewayConfig, sealed: str) -> None:
    """Hand an attempt to sign on to a browser. Lax, not Strict: the provider's page sends the browser back to us."""
    _set(response, SIGN_ON, sealed, SIGN_ON_PATH, 600, is_secure(request, config), same_site="lax")


def drop_attempt(response: Response) -> None:
    """Take it back: it counts once."""
    response.delete_cookie(SIGN_ON, path=SIGN_ON_PATH, samesite="lax", httponly=True)


def drop(response: Response) -> None:
    """Take them back."""
    for name, path in ((ACCESS, API), (REFRESH, AUTH), (CSRF, "/")):
        response.delete_cookie(name, path=path, samesite="strict", httponly=name != CSRF)


def is_secure(request: Request, config: GatewayConfig) -> bool:
    """Whether cookies may travel over TLS only."""
    if config.secure_cookies == "auto":
        return request.url.scheme == "https"
    return config.secure_cookies == "1"


def _set(
    response: Response,
    name: str,
    value: str,
    path: str,
    seconds: int,
    secure: bool,
    http_only: bool = True,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    response.set_cookie(name, value, max_age=seconds, path=path, secure=secure, httponly=http_only, samesite=same_site)
