"""``fedcare audit``: whether the log of who did what is still as it was written; attacks on a run's model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fedcare.cli import audit_privacy
from fedcare.cli.db import database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.errors import DatabaseBehind
from fedcare.report.words import plural
from fedcare.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fedcare.db.audit import Fault
    from fedcare.gateway.audit.anchors import Anchors

app = typer.Typer(help="The audit log, and what a run's model gives away.", no_args_is_help=True)
app.command("privacy")(audit_privacy.command)

Accept = Annotated[
    bool, typer.Option("--accept", help="Take the log as it is now for the one to compare with: after a restore.")
]


@dataclass(frozen=True)
class Log:
    """One chain: ``institution`` is None for the consortium's, ``anchor`` the row noted as the last before, if any."""

    institution: int | None
    name: str
    rows: int
    anchor: int | None
    faults: list[Fault]

    @property
    def whose(self) -> str:
        """As people are told."""
        return f"{self.name} (institution {self.institution})" if self.institution else self.name


@app.command("verify")
def verify(accept: Accept = False, json: JsonFlag = False) -> None:
    """Recompute every log, institution by institution, and name each row that was edited, removed, inserted or moved.

    Where each log ended is noted under FEDCARE_HOME (its anchor), so that the next time one that was rewritten as a
    whole or cut short is found too. Ends with 1 where there is any fault.
    """
    from fedcare.db import migrate

    with database(json) as (url, where):
        status = migrate.status(url)
        if status.pending:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        logs = _verify(url, where, accept)
    if json:
        emit(_as_json(logs))
    else:
        _show(logs, accept)
    if any(log.faults for log in logs):
        raise typer.Exit(1)


def _as_json(logs: list[Log]) -> dict[str, Any]:
    found = [(log.institution, fault) for log in logs for fault in log.faults]
    faults = [{"institution": whose, "seq": fault.seq, "reason": fault.reason} for whose, fault in found]
    said = [{name: getattr(log, name) for name in ("institution", "name", "rows", "anchor")} for log in logs]
    return {"chains": len(logs), "intact": not faults, "faults": faults, "logs": said}


def _show(logs: list[Log], accept: bool) -> None:
    for log in logs:
        for fault in log.faults:
            page.print(f"{log.whose}, row {fault.seq}: {fault.reason}.", markup=False, soft_wrap=True)
        page.print(_verdict(log, accept), markup=False, highlight=False, soft_wrap=True)
    faults, rows = sum(len(log.faults) for log in logs), sum(log.rows for log in logs)
    screen.print(f"{plural(len(logs), 'log')}, {plural(rows, 'row')}: {plural(faults, 'fault')} found.")


def _verdict(log: Log, accept: bool) -> str:
    checked = f"{log.whose}: {plural(log.rows, 'row')} checked"
    if log.faults:
        kept = f", and the anchor stays at row {log.anchor}" if log.anchor else ""
        return f"{checked}, {plural(len(log.faults), 'fault')} found{kept}."
    if not log.rows:
        return f"{checked}: nothing was ever logged."
    if log.anchor is None or accept:
        return f"{checked}, intact. There was no anchor to compare with; row {log.rows} is noted as one."
    return f"{checked}, intact, and row {log.anchor} is still the one noted before. Row {log.rows} is noted now."


def _verify(url: str, where: str, accept: bool) -> list[Log]:
    """Every log; those without a fault are anchored where they end."""
    from fedcare.gateway.audit.anchors import EMBEDDED, FILE, Anchors, locked

    path = settings().home / FILE
    with locked(path, wait=True):
        anchors = Anchors(path, where if settings().database_url else EMBEDDED)
        logs = _compare(url, anchors, accept)
        anchors.save()
    return logs


def _compare(url: str, anchors: Anchors, accept: bool) -> list[Log]:
    from sqlalchemy import create_engine

    from fedcare.db.audit import scoped, verify_all

    engine = create_engine(url)
    logs = []
    try:
        # One snapshot for all chains: rows that others add meanwhile do not look like faults.
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            for tenant, faults in verify_all(connection).items():
                scoped(connection, tenant)
                before = anchors.of(tenant)
                faults.extend([] if accept else anchors.faults(connection, tenant))
                if not faults:
                    anchors.note(connection, tenant)
                name, rows = _name(connection, tenant), _count(connection, tenant)
                logs.append(Log(tenant or None, name, rows, before.seq if before else None, faults))
    finally:
        engine.dispose()
    return logs


def _name(connection: Connection, tenant: int) -> str:
    from sqlalchemy import select

    from fedcare.db.tables import institutions

    query = select(institutions.c.name).where(institutions.c.id == tenant)
    return connection.execute(query).scalar_one() if tenant else "The consortium"


def _count(connection: Connection, tenant: int) -> int:
    from sqlalchemy import func, select

    from fedcare.db.tables import audit_log

    query = select(func.count()).select_from(audit_log).where(audit_log.c.tenant == tenant)
    return connection.execute(query).scalar_one()
