"""Bringing a database to a revision of its tables, and telling which it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from fedcare.db.server import first_line, place
from fedcare.db.urls import with_driver
from fedcare.errors import DatabaseAhead, DatabaseUnreachable, MigrationRefused

FOLDER = Path(__file__).parent / "migrations"
# One migration at a time in a database: gateways that start together wait for the first.
LOCK = 0x666564636172


@dataclass(frozen=True)
class Status:
    """``current``: the database's revision, None before the first; ``pending``: what ``upgrade`` would apply."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing, all of it or nothing. ``url``: of the owner of the tables.

    Raises MigrationRefused where the login may not do that, DatabaseAhead, DatabaseUnreachable.
    """
    with _connection(url) as connection:
        _current(connection)
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Undo down to a revision, ``base`` for all; what the tables hold goes with them. Raises as ``upgrade`` does."""
    with _connection(url) as connection:
        _current(connection)
        command.downgrade(_config(connection), revision)


def status(url: str) -> Status:
    """Where the database stands; raises DatabaseAhead, DatabaseUnreachable."""
    with _connection(url) as connection:
        current, script = _current(connection), _script()
        pending = tuple(step.revision for step in script.iterate_revisions("head", current))
        return Status(current, _head(script), tuple(reversed(pending)))


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(with_driver(url), connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
            yield connection
    except OperationalError as error:
        raise DatabaseUnreachable(where=place(url), reason=first_line(str(error.orig))) from error
    except ProgrammingError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            raise MigrationRefused(where=place(url), reason=first_line(str(error.orig))) from error
        raise
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    """The database's revision, which a newer FedCare may have made."""
    current, script = MigrationContext.configure(connection).get_current_revision(), _script()
    if current is not None and current not in {step.revision for step in script.walk_revisions()}:
        raise DatabaseAhead(current=current, head=_head(script))
    return current


def _head(script: ScriptDirectory) -> str:
    head = script.get_current_head()
    assert head is not None
    return head


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
