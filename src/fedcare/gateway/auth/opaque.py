"""Tokens that mean nothing but to the database, which keeps only their hashes."""

from __future__ import annotations

import hashlib
import secrets

from fedcare.db.tables import CONSORTIUM
from fedcare.errors import Unauthenticated


def make(institution_id: int | None) -> str:
    """A random token that says whose rows to look in and nothing else."""
    return f"{institution_id or CONSORTIUM}.{secrets.token_urlsafe(32)}"


def digest(token: str) -> bytes:
    """What is kept of it; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def tenant(token: str) -> int:
    """Whose rows to look in; raises Unauthenticated for a token that is none of ours."""
    digits = token.partition(".")[0]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Unauthenticated(reason="the token is not one of ours")
    return int(digits)
