"""Guessing passwords: after a few failures an email is locked for a while, whether or not it has an account."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import Connection, func, insert, select, text

from fedcare.db.tables import login_attempts
from fedcare.errors import LockedOut

FAILURES, WINDOW = 5, timedelta(minutes=15)
"""An email is locked while this many failures since its last success are younger than this."""

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


def begin_attempt(tx: Connection, email: str) -> None:
    """Count an attempt before it is judged, so that many at once are not more guesses; raises LockedOut.

    The attempt counts as failed until ``succeeded`` says otherwise.
    """
    digest = _digest(email)
    tx.execute(_ONE_AT_A_TIME, {"key": digest.hex()})
    attempts = login_attempts.c
    mine = attempts.email_hash == digest
    last_success = select(func.max(attempts.id)).where(mine, attempts.succeeded).scalar_subquery()
    failures = (
        select(func.extract("epoch", attempts.created_at + WINDOW - func.now()))
        .where(mine, attempts.id > func.coalesce(last_success, 0), attempts.created_at > func.now() - WINDOW)
        .order_by(attempts.id.desc())
        .limit(FAILURES)
    )
    left = tx.execute(failures).scalars().all()
    if len(left) == FAILURES:
        raise LockedOut(seconds=max(1, int(left[-1]) + 1))
    tx.execute(insert(login_attempts).values(email_hash=digest, succeeded=False))


def succeeded(tx: Connection, email: str) -> None:
    """Forget the failures before this."""
    tx.execute(insert(login_attempts).values(email_hash=_digest(email), succeeded=True))


def _digest(email: str) -> bytes:
    return hashlib.sha256(email.encode()).digest()


def email_mark(email: str) -> str:
    """What the audit log keeps of an email without an account: enough to see that two attempts were for the same."""
    return _digest(email).hex()[:16]
