"""Taking in what the coordinator's processes report.

Each institution's figures are written in that institution's scope, in the one transaction of the report: no policy is
widened for the coordinator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, Row

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope, enter
from fedcare.db.runs import ENDED, hold, set_status, tell
from fedcare.db.tables import CONSORTIUM
from fedcare.errors import NotFound
from fedcare.gateway.internal import repository
from fedcare.gateway.internal.schemas import ClientsReport, EventReport, MetricsReport, RoundReport, RunReport

log = structlog.get_logger("fedcare.gateway")


def take_run(database: Database, report: RunReport) -> None:
    """How far a run is; raises NotFound."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        held = held_run(tx, report.run_id)
        said = report.model_dump(include={"reason", "attempts", "version", "decision"})
        set_status(tx, held, report.status, **said)
        if report.status in ENDED and held.status not in ENDED:
            audit.record(tx, Origin(), f"runs.{report.status}", "run", report.run_id)


def take_round(database: Database, report: RoundReport) -> None:
    """A round as it stands; raises NotFound."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        held = held_run(tx, report.run_id)
        if held.status in {"queued", "started"}:
            set_status(tx, held, "in_progress")
        told = _told(report)
        counts = {"clients_participated": len(report.participants), "dropped": len(report.dropped)}
        row = {name: value for name, value in told.items() if name != "round"} | counts
        key = {"run_id": report.run_id, "round_number": report.round}
        if repository.put_round(tx, key | row):
            tell(tx, report.run_id, "round", told | counts)
        parts: dict[str, dict[str, Any]] = {name: {"examples": rows} for name, rows in report.participants.items()}
        for name, why in report.dropped.items():
            parts.setdefault(name, {"examples": 0})["dropped"] = why
        _put_figures(tx, key, parts)


def take_metrics(database: Database, report: MetricsReport) -> None:
    """Each institution's own figures of a round; raises NotFound."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        held_run(tx, report.run_id)
        key = {"run_id": report.run_id, "round_number": report.round}
        parts = {name: figures.model_dump(exclude_unset=True) for name, figures in report.institutions.items()}
        changed = _put_figures(tx, key, parts)
        if changed:
            tell(tx, report.run_id, "metrics", {"round": report.round, "institutions": changed})


def take_clients(database: Database, report: ClientsReport) -> None:
    """The nodes that are there."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        known = _known(tx, {client.institution for client in report.clients})
        for client in sorted(report.clients, key=lambda each: known.get(each.institution, 0)):
            if client.institution in known:
                enter(tx, Scope(known[client.institution]))
                seen = client.model_dump(exclude={"institution", "records"})
                repository.put_node(tx, seen | {"institution_id": known[client.institution]}, client.records)


def take_event(database: Database, report: EventReport) -> None:
    """A note, unless it is what was noted last; raises NotFound."""
    with database.transaction(Scope(CONSORTIUM)) as tx:
        held_run(tx, report.run_id)
        if repository.last_said(tx, report.run_id, report.kind) != report.data:
            tell(tx, report.run_id, report.kind, report.data)


def held_run(tx: Connection, run_id: UUID) -> Row[Any]:
    """The run's row, held until the end of the transaction; raises NotFound."""
    held = hold(tx, run_id)
    if held is None:
        raise NotFound(what="run")
    return held


def _told(report: RoundReport) -> dict[str, Any]:
    told = report.model_dump(exclude={"run_id", "participants", "dropped", "train_loss"})
    if report.train_loss is not None:
        told["metrics"]["train_loss"] = report.train_loss
    return told


def _put_figures(tx: Connection, key: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> int:
    """How many institutions' rows changed; the transaction is the consortium's again afterwards."""
    changed = 0
    for name, institution_id in sorted(_known(tx, parts).items()):
        enter(tx, Scope(institution_id))
        changed += repository.put_figures(tx, {**key, **parts[name], "institution_id": institution_id})
    enter(tx, Scope(CONSORTIUM))
    return changed


def _known(tx: Connection, names: Any) -> dict[str, int]:
    known = repository.ids_of(tx, names)
    if len(known) < len(names):
        log.warning("unknown_institutions", count=len(names) - len(known))
    return known
