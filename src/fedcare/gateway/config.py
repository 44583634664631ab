"""Settings of a gateway, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fedcare.errors import BadSetting
from fedcare.settings import settings


@dataclass(frozen=True)
class GatewayConfig:
    """How a gateway serves.

    ``home`` holds keys (``keys/``, 0600) and model artifacts (``models/``). ``origins`` (FEDCARE_ORIGINS, a list with
    commas, empty by default) are the web addresses besides its own whose pages may call it. ``secure_cookies``
    (FEDCARE_SECURE_COOKIES, ``auto``) sends cookies over TLS only; ``auto`` means wherever the request came by https.
    ``body_bytes`` (FEDCARE_BODY_MB, 1) and ``upload_bytes`` (FEDCARE_UPLOAD_MB, 64) limit a request; the latter holds
    for files.
    ``oidc_issuer``, ``oidc_client_id`` and ``oidc_client_secret`` (FEDCARE_OIDC_*) name the provider of a single
    sign-on; unset, there is none. ``argon2_light`` (FEDCARE_ARGON2_LIGHT) makes hashes quick, for tests alone.
    """

    home: Path
    origins: tuple[str, ...] = ()
    secure_cookies: str = "auto"
    body_bytes: int = 1_000_000
    upload_bytes: int = 64_000_000
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    argon2_light: bool = False


def from_environment() -> GatewayConfig:
    """The configuration of this process; raises BadSetting."""
    env = os.environ
    return GatewayConfig(
        home=settings().home,
        origins=tuple(origin.strip() for origin in env.get("FEDCARE_ORIGINS", "").split(",") if origin.strip()),
        secure_cookies=env.get("FEDCARE_SECURE_COOKIES", "auto"),
        body_bytes=_megabytes("FEDCARE_BODY_MB", 1),
        upload_bytes=_megabytes("FEDCARE_UPLOAD_MB", 64),
        oidc_issuer=env.get("FEDCARE_OIDC_ISSUER") or None,
        oidc_client_id=env.get("FEDCARE_OIDC_CLIENT_ID") or None,
        oidc_client_secret=env.get("FEDCARE_OIDC_CLIENT_SECRET") or None,
        argon2_light=env.get("FEDCARE_ARGON2_LIGHT") == "1",
    )


def _megabytes(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 4096:
        raise BadSetting(setting=name, value=text, reason="it must be a whole number of megabytes, 1 to 4096")
    return int(text) * 1_000_000
