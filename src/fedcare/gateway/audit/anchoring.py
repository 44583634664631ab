"""Noting daily where the chains end, so that what somebody does to them is found without a verification in between.

Rows are not recomputed here: whatever does not fit is found by the next verification, however far the anchors have
moved. An anchor that its chain no longer goes through stays as it is, for that verification to find.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import structlog

from fedcare.db.database import Database, Scope
from fedcare.gateway.audit.anchors import Anchors, locked

log = structlog.get_logger("fedcare.gateway")
EVERY_SECONDS = 24 * 3600.0


def anchor_daily(database: Database, path: Path, place: str, tenants: Iterable[int]) -> None:
    """Note the end of each tenant's chain, unless that was done within a day; raises UnreadableFile."""
    with locked(path, wait=False) as is_ours:
        if not is_ours:  # Somebody verifies, or another gateway notes: the next hour will do.
            return
        anchors = Anchors(path, place)
        if anchors.knows_place and time.time() - path.stat().st_mtime < EVERY_SECONDS:
            return
        for tenant in tenants:
            _note(database, anchors, tenant)
        anchors.save()


def _note(database: Database, anchors: Anchors, tenant: int) -> None:
    with database.transaction(Scope(tenant)) as tx:
        faults = list(anchors.faults(tx, tenant))
        if not faults:
            anchors.note(tx, tenant)
    for fault in faults:
        log.error("audit_chain_changed", institution=tenant or None, seq=fault.seq, reason=fault.reason)
