"""``fedcare audit``: whether the log of who did what is still as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fedcare.cli.db import database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.errors import DatabaseBehind
from fedcare.report.words import plural
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.db.audit import Fault
    from fedcare.gateway.audit.anchors import Anchors

app = typer.Typer(help="The audit log.", no_args_is_help=True)

Accept = Annotated[
    bool, typer.Option("--accept", help="Take the log as it is now for the one to compare with: after a restore.")
]


@app.command("verify")
def verify(accept: Accept = False, json: JsonFlag = False) -> None:
    """Recompute every chain and name each row that was edited, removed, inserted or moved.

    Where each chain ended is noted under FEDCARE_HOME, so that the next time a chain that was rewritten as a whole or
    cut short is found too. Ends with 1 where there is any fault.
    """
    from fedcare.db import migrate

    with database(json) as (url, where):
        status = migrate.status(url)
        if status.pending:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        chains = _verify(url, where, accept)
    faults = [fault for found in chains.values() for fault in found]
    if json:
        named = [{"institution": fault.tenant or None, "seq": fault.seq, "reason": fault.reason} for fault in faults]
        emit({"chains": len(chains), "intact": not faults, "faults": named})
    else:
        for fault in faults:
            whose = f"institution {fault.tenant}" if fault.tenant else "the consortium"
            page.print(f"The log of {whose}, row {fault.seq}: {fault.reason}.", markup=False)
        screen.print(f"{plural(len(chains), 'chain')} verified, {plural(len(faults), 'fault')} found.")
    if faults:
        raise typer.Exit(1)


def _verify(url: str, where: str, accept: bool) -> dict[int, list[Fault]]:
    """The faults of each chain, by tenant; chains without any are anchored where they end."""
    from fedcare.gateway.audit.anchors import EMBEDDED, FILE, Anchors, locked

    path = settings().home / FILE
    with locked(path, wait=True):
        anchors = Anchors(path, where if settings().database_url else EMBEDDED)
        chains = _compare(url, anchors, accept)
        anchors.save()
    return chains


def _compare(url: str, anchors: Anchors, accept: bool) -> dict[int, list[Fault]]:
    from sqlalchemy import create_engine

    from fedcare.db.audit import scoped, verify_all

    engine = create_engine(url)
    try:
        # One snapshot for all chains: rows that others add meanwhile do not look like faults.
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            chains = verify_all(connection)
            for tenant, faults in chains.items():
                scoped(connection, tenant)
                faults.extend([] if accept else anchors.faults(connection, tenant))
                if not faults:
                    anchors.note(connection, tenant)
    finally:
        engine.dispose()
    return chains
