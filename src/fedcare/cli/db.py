"""``fedcare db``: the database's tables, its backups, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from fedcare.cli.output import JsonFlag, emit, page, screen, working
from fedcare.cli.runs import fact_sheet
from fedcare.errors import BadSetting, NotConfirmed
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.db.migrate import Status

app = typer.Typer(
    help="The database: the one of DATABASE_URL, else the embedded one, which starts by itself.",
    no_args_is_help=True,
)

Yes = Annotated[bool, typer.Option("--yes", help="Do it: what the dropped tables and columns hold is gone.")]
NewFile = Annotated[Path | None, typer.Argument(help="A new file; unset, one under FEDCARE_HOME/backups.")]


@app.command("upgrade")
def upgrade(json: JsonFlag = False) -> None:
    """Bring the tables to what this FedCare needs, all of it or nothing.

    On a server of yours, too, it makes tables, policies and the role `fedcare_app`, which cannot log in.
    """
    from fedcare.db import migrate

    with database(json) as (url, where):
        before = migrate.status(url)
        if before.pending:
            with working(f"Applying {', '.join(before.pending)} to {where}", json):
                migrate.upgrade(url)
        _changed(before, migrate.status(url), where, json)


@app.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision to go back to; `base` drops every table.")],
    yes: Yes = False,
    json: JsonFlag = False,
) -> None:
    """Take the tables back to an older revision, after a backup: what newer ones hold is dropped."""
    from alembic.util import CommandError

    from fedcare.db import migrate

    with database(json) as (url, where):
        before = migrate.status(url)
        if not yes:
            what = f"Going from {before.current or 'base'} to {revision} drops what was added since, at {where}."
            raise NotConfirmed(what=f"{what} A backup is written first.")
        file = _new_backup("before-downgrade")
        _back_up(url, file, json)
        try:
            migrate.downgrade(url, revision)
        except CommandError as error:
            raise BadSetting(setting="REVISION", value=revision, reason=str(error)) from None
        _changed(before, migrate.status(url), where, json, backup=file)


@app.command("backup")
def backup(file: NewFile = None, json: JsonFlag = False) -> None:
    """Write the whole database to one new file that only you can read."""
    target = file or _new_backup("fedcare")
    with database(json) as (url, where):
        size = _back_up(url, target, json)
    if json:
        emit({"database": where, "file": str(target), "bytes": size})


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `fedcare db backup` wrote.")], json: JsonFlag = False
) -> None:
    """Fill an empty database from a backup, all of it or nothing."""
    from fedcare.db import backup as dump
    from fedcare.db import migrate

    with database(json) as (url, where):
        with _counting("Restoring", json) as progress:
            tables = dump.restore(url, file, settings().pg_bin, progress)
        status = migrate.status(url)
    if json:
        emit({"database": where, "file": str(file), "tables": tables, "revision": status.current})
        return
    screen.print(f"Restored {tables} tables at revision {status.current} to {escape(where)}.")
    if status.pending:
        screen.print("This FedCare needs newer tables: run `fedcare db upgrade`.")


@app.command("status")
def status(json: JsonFlag = False) -> None:
    """Which server serves, its version, and whether its tables are those that this FedCare needs."""
    from fedcare.db import migrate
    from fedcare.db.server import connect

    with database(json) as (url, where):
        found = migrate.status(url)
        with connect(url) as connection:
            row = connection.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            version, size = row.fetchone() or ("", 0)
    embedded = settings().database_url is None
    facts = {
        "database": where,
        "server": "embedded" if embedded else "DATABASE_URL",
        "folder": str(settings().home / "postgres") if embedded else None,
        "version": version,
        "bytes": size,
        "revision": found.current,
        "needed": found.head,
        "pending": list(found.pending),
    }
    if json:
        emit(facts)
        return
    page.print(fact_sheet(facts | {"pending": ", ".join(found.pending) or "nothing"}))
    if found.pending:
        screen.print("Run `fedcare db upgrade`.")


# -- what they have in common -----------------------------------------------------------------------------------------


@contextmanager
def database(quiet: bool, lasting: bool = False) -> Iterator[tuple[str, str]]:
    """The owner's URL of the database, and its place in words; says so when the server takes longer to start.

    ``lasting`` is for what runs until it is stopped: no other command waits for its end.
    """
    from fedcare.db.server import place, resolve

    def say(text: str) -> None:
        if not quiet:
            screen.print(f"{text} ...")

    with resolve(settings(), say, undisturbed=not lasting) as url:
        yield url, place(url)


def _changed(before: Status, after: Status, where: str, json: bool, backup: Path | None = None) -> None:
    if json:
        kept = {"backup": str(backup)} if backup else {}
        emit({"database": where, "from": before.current, "to": after.current, "needed": after.head} | kept)
    elif before.current == after.current:
        screen.print(f"The database at {escape(where)} is at {after.current or 'base'} already; nothing was changed.")
    else:
        screen.print(f"The database at {escape(where)} is now at {after.current or 'base'}.")


def _back_up(url: str, file: Path, quiet: bool) -> int:
    from fedcare.db import backup as dump

    with _counting("Backing up", quiet) as progress:
        size = dump.backup(url, file, settings().pg_bin, progress)
    if not quiet:
        screen.print(f"Backed up to {escape(str(file))} ({size / 1e6:.1f} MB). It holds everything: keep it safe.")
    return size


def _new_backup(name: str) -> Path:
    return settings().home / "backups" / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"


@contextmanager
def _counting(what: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Progress by tables."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("tables"))
    with Progress(*columns, console=screen, disable=quiet) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
