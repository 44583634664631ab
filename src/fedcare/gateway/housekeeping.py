"""What has to be done now and then: enforce retention, forget old attempts, tokens and keys, anchor the audit log."""

from __future__ import annotations

import threading
from pathlib import Path

import structlog
from sqlalchemy import delete, func, select, text

from fedcare.db import audit
from fedcare.db.database import Database, Scope
from fedcare.db.retention import enforce
from fedcare.db.tables import (
    CONSORTIUM,
    ended_sessions,
    idempotency_keys,
    institutions,
    invitations,
    login_attempts,
    sessions,
)
from fedcare.gateway.audit.anchoring import anchor_daily

log = structlog.get_logger("fedcare.gateway")
EVERY_SECONDS = 3600.0


class Housekeeping:
    """A thread that tidies at the start and once an hour; several gateways may do it at once.

    ``anchors`` is the file that says where the audit chains of the database at ``place`` ended.
    """

    def __init__(self, database: Database, anchors: Path, place: str) -> None:
        self._database, self._anchors, self._place = database, anchors, place
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fedcare-housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a tidying in progress is finished."""
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            for do in (self._tidy, self._anchor):
                try:
                    do()
                except Exception as error:  # One failure must not end retention for good; its text may quote a record.
                    log.warning("housekeeping_failed", error=type(error).__name__)
            self._stop.wait(EVERY_SECONDS)

    def _tidy(self) -> None:
        tidy(self._database)

    def _anchor(self) -> None:
        anchor_daily(self._database, self._anchors, self._place, tenants(self._database))


def tenants(database: Database) -> list[int]:
    """Everybody who has rows: the consortium and each institution."""
    with database.transaction(Scope(None)) as tx:
        return [CONSORTIUM, *tx.execute(select(institutions.c.id)).scalars()]


def tidy(database: Database) -> None:
    """One pass over what every institution and the gateway keep too long."""
    with database.transaction(Scope(None)) as tx:
        tx.execute(delete(login_attempts).where(login_attempts.c.created_at < func.now() - text("interval '1 day'")))
        tx.execute(delete(ended_sessions).where(ended_sessions.c.ended_at < func.now() - text("interval '1 day'")))
    for tenant in tenants(database):
        with database.transaction(Scope(tenant)) as tx:
            tx.execute(delete(invitations).where(invitations.c.expires_at < func.now()))
            tx.execute(delete(sessions).where(sessions.c.expires_at < func.now() - text("interval '1 day'")))
            old = idempotency_keys.c.created_at < func.now() - text("interval '1 day'")
            tx.execute(delete(idempotency_keys).where(old))
            if tenant != CONSORTIUM:
                for what, count in enforce(tx, tenant).items():
                    audit.record(tx, audit.Origin(), f"retention.{what}", "rows", count)
