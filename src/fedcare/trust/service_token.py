"""The secret by which the coordinator's processes know one another at the gateway: never a worker's, never a node's."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from fedcare.errors import BadSetting
from fedcare.settings import settings
from fedcare.trust.files import locked, private_folder, write_private

_LEAST_CHARACTERS = 32


def service_token(home: Path) -> str:
    """The token, made on first use; whoever asks first, all get the same one.

    It lies in ``keys/service-token`` of FEDCARE_HOME (0600); where gateway and coordinator do not share that folder, in
    the file that FEDCARE_SERVICE_TOKEN_FILE names. Raises BadSetting where that file holds no token.
    """
    named = settings().service_token_file
    if named is not None:
        return _given(named)
    path = home / "keys" / "service-token"
    if not path.exists():
        with locked(private_folder(path.parent)):
            if not path.exists():
                write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text(encoding="ascii").strip()


def is_service(sent: str, token: str) -> bool:
    """Whether what was sent is the token, in a time that does not tell how much of it was right."""
    return hmac.compare_digest(sent.encode(), token.encode())


def _given(path: Path) -> str:
    reason = f"it must name a file that holds at least {_LEAST_CHARACTERS} characters of ASCII"
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if len(token) < _LEAST_CHARACTERS:
        raise BadSetting(setting="FEDCARE_SERVICE_TOKEN_FILE", value=str(path), reason=reason)
    return token
