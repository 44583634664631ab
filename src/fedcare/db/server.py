"""Which PostgreSQL serves: the one that DATABASE_URL names, else the embedded one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from fedcare.db.embedded import EmbeddedServer
from fedcare.db.urls import with_driver, without_driver
from fedcare.errors import DatabaseUnreachable
from fedcare.settings import Settings

DATABASE = "fedcare"


@contextmanager
def resolve(settings: Settings, say: Callable[[str], None] | None = None, undisturbed: bool = False) -> Iterator[str]:
    """The owner's URL of FedCare's database, for as long as the context lasts.

    A server named by DATABASE_URL is used as it is: nothing is created or changed there. Without one, the embedded
    server under ``settings.home`` is started or joined, and its empty database made where there is none yet. Short
    commands ask to be ``undisturbed``: another process that owns the server waits for them before it stops it.
    """
    if settings.database_url:
        yield with_driver(settings.database_url)
        return
    root = settings.home / "postgres"
    with EmbeddedServer(root, say=say, binaries=settings.pg_bin, undisturbed=undisturbed) as server:
        _make_database(server.url("postgres"))
        yield server.url(DATABASE)


@contextmanager
def connect(url: str, seconds: int = 10) -> Iterator[psycopg.Connection]:
    """A connection in autocommit, for looking at a server; raises DatabaseUnreachable with the server's reason."""
    try:
        connection = psycopg.connect(without_driver(url), autocommit=True, connect_timeout=seconds)
    except psycopg.Error as error:
        raise DatabaseUnreachable(where=place(url), reason=first_line(str(error))) from None
    with connection:
        yield connection


def place(url: str) -> str:
    """A database's host and name, without who logs in there and how."""
    parts = psycopg.conninfo.conninfo_to_dict(without_driver(url))
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def first_line(text: str) -> str:
    """The first line of a message: what follows may quote values."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def _make_database(maintenance: str, patience: float = 5) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            with connect(maintenance) as connection:
                if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                    # Another process may make it in this very moment.
                    with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                return
        except (DatabaseUnreachable, psycopg.OperationalError):
            # The owner may be handing the server over just now.
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
