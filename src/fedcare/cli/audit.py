"""``fedcare audit``: whether the log of who did what is still as it was written."""

from __future__ import annotations

import typer

from fedcare.cli.db import database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.errors import DatabaseBehind

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command("verify")
def verify(json: JsonFlag = False) -> None:
    """Recompute every chain and name each row that was edited, removed, inserted or moved.

    Ends with 1 where there is any. Run it as the tables' owner.
    """
    from sqlalchemy import create_engine

    from fedcare.db import migrate
    from fedcare.db.audit import verify_all

    with database(json) as (url, _):
        status = migrate.status(url)
        if status.pending:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        engine = create_engine(url)
        try:
            # One snapshot for all chains: rows that others add meanwhile do not look like faults.
            with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                chains = verify_all(connection)
        finally:
            engine.dispose()
    faults = [fault for found in chains.values() for fault in found]
    if json:
        named = [{"institution": fault.tenant or None, "seq": fault.seq, "reason": fault.reason} for fault in faults]
        emit({"chains": len(chains), "intact": not faults, "faults": named})
    else:
        for fault in faults:
            whose = f"institution {fault.tenant}" if fault.tenant else "the consortium"
            page.print(f"The log of {whose}, row {fault.seq}: {fault.reason}.", markup=False)
        screen.print(f"{len(chains)} chains verified, {len(faults)} fault(s) found.")
    if faults:
        raise typer.Exit(1)
