"""Where a page of patients begins, sealed for whoever carries it.

The sort key of a page's last row is somebody's name, age or cost, and a cursor stands in addresses, which browsers,
proxies and logs keep. So it is encrypted (AES-256-GCM, NIST SP 800-38D), and bound to the listing that gave it: one of
other filters or another order does not open.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fedcare.errors import InvalidRequest
from fedcare.gateway.auth.keys import Key, SigningKeys

_NONCE_BYTES = 12


def seal(keys: SigningKeys, listing: str, position: list[Any]) -> str:
    """The position as a text that says nothing; ``listing`` is what it belongs to."""
    key, nonce = keys.current(), secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = nonce + _cipher(key).encrypt(nonce, plain, listing.encode())
    return f"{key.id}~{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def unseal(keys: SigningKeys, listing: str, cursor: str) -> list[Any]:
    """The position that was sealed; raises InvalidRequest where it was not for this listing, or not by us."""
    key_id, _, text = cursor.partition("~")
    key = keys.find(key_id)
    try:
        if key is None:
            raise ValueError
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        plain = _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], listing.encode())
    except (binascii.Error, ValueError, InvalidTag):
        raise InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}]) from None
    position: list[Any] = json.loads(plain)
    return position


def _cipher(key: Key) -> AESGCM:
    return AESGCM(bytes.fromhex(key.mac("patients.cursor", "")))
