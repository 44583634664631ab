"""Settings of a gateway, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fedcare.errors import BadSetting
from fedcare.settings import settings

PLACE = "FEDCARE_DATABASE_PLACE"


@dataclass(frozen=True)
class GatewayConfig:
    """How a gateway serves.

    ``home`` holds keys (``keys/``, 0600) and model artifacts (``models/``). ``origins`` (FEDCARE_ORIGINS, a list with
    commas, empty by default) are the web addresses besides its own whose pages may call it. ``secure_cookies``
    (FEDCARE_SECURE_COOKIES, ``auto``) sends cookies over TLS only; ``auto`` means wherever the request came by https.
    ``body_bytes`` (FEDCARE_BODY_MB, 1) and ``upload_bytes`` (FEDCARE_UPLOAD_MB, 64) limit a request; the latter holds
    for files.
    ``public_url`` (FEDCARE_PUBLIC_URL, unset by default) is the address that browsers know, where a proxy hides it from
    the gateway.
    ``oidc_issuer``, ``oidc_client_id`` and ``oidc_client_secret`` (FEDCARE_OIDC_*) name the provider of a single
    sign-on; unset, there is none. ``database_place`` (FEDCARE_DATABASE_PLACE, which `fedcare gateway` sets by itself)
    is what the audit log's anchors call the database, where it is not its address. ``argon2_light``
    (FEDCARE_ARGON2_LIGHT) makes hashes quick, for tests alone.
    """

    home: Path
    origins: tuple[str, ...] = ()
    secure_cookies: str = "auto"
    body_bytes: int = 1_000_000
    upload_bytes: int = 64_000_000
    public_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    database_place: str | None = None
    argon2_light: bool = False


def from_environment() -> GatewayConfig:
    """The configuration of this process; raises BadSetting."""
    env = os.environ
    return GatewayConfig(
        home=settings().home,
        origins=tuple(origin.strip() for origin in env.get("FEDCARE_ORIGINS", "").split(",") if origin.strip()),
        secure_cookies=_one_of("FEDCARE_SECURE_COOKIES", "auto", "1", "0"),
        body_bytes=_megabytes("FEDCARE_BODY_MB", 1),
        upload_bytes=_megabytes("FEDCARE_UPLOAD_MB", 64),
        public_url=env.get("FEDCARE_PUBLIC_URL") or None,
        oidc_issuer=_issuer(env.get("FEDCARE_OIDC_ISSUER") or None),
        oidc_client_id=env.get("FEDCARE_OIDC_CLIENT_ID") or None,
        oidc_client_secret=env.get("FEDCARE_OIDC_CLIENT_SECRET") or None,
        database_place=env.get(PLACE) or None,
        argon2_light=env.get("FEDCARE_ARGON2_LIGHT") == "1",
    )


def _megabytes(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 4096:
        raise BadSetting(setting=name, value=text, reason="it must be a whole number of megabytes, 1 to 4096")
    return int(text) * 1_000_000


def _one_of(name: str, *values: str) -> str:
    """The first value is the default."""
    text = os.environ.get(name) or values[0]
    if text not in values:
        raise BadSetting(setting=name, value=text, reason=f"it must be one of {', '.join(values)}")
    return text


def _issuer(url: str | None) -> str | None:
    """Whoever could change what the provider says could sign in as anybody: TLS, unless it never leaves the machine."""
    parts = urlsplit(url or "https:")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}):
        return url
    raise BadSetting(setting="FEDCARE_OIDC_ISSUER", value=url, reason="it must begin with https://")
