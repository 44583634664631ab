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
from sqlalchemy import Connection, create_engine, text

from fedcare.db.urls import with_driver

FOLDER = Path(__file__).parent / "migrations"
# One migration at a time on a server: gateways that start together wait for the first.
LOCK = 0x666564636172


@dataclass(frozen=True)
class Status:
    """``current``: the database's revision, None before the first; ``pending``: what ``upgrade`` would apply."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing, all of it or nothing. ``url``: of the owner of the tables."""
    with _connection(url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Undo down to a revision, ``base`` for all; what the tables hold goes with them."""
    with _connection(url) as connection:
        command.downgrade(_config(connection), revision)


def status(url: str) -> Status:
    """Where the database stands."""
    with _connection(url) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        script = ScriptDirectory.from_config(_config(connection))
        head = script.get_current_head()
        assert head is not None
        pending = tuple(step.revision for step in script.iterate_revisions(head, current))
        return Status(current, head, tuple(reversed(pending)))


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(with_driver(url))
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
            yield connection
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
