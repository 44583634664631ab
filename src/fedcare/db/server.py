"""Which PostgreSQL serves: the one that DATABASE_URL names, else the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from fedcare.db.embedded import EmbeddedServer
from fedcare.errors import BadSetting
from fedcare.settings import Settings

DATABASE = "fedcare"


@contextmanager
def resolve(settings: Settings, say: Callable[[str], None] | None = None) -> Iterator[str]:
    """The owner's URL of FedCare's database, for as long as the context lasts.

    A server named by DATABASE_URL is used as it is: nothing is created or changed there. Without one, the embedded
    server under ``settings.home`` is started or joined, and its empty database made where there is none yet.
    """
    if settings.database_url:
        yield sqlalchemy_url(settings.database_url)
        return
    with EmbeddedServer(settings.home / "postgres", say=say, binaries=settings.pg_bin) as server:
        _make_database(server.url("postgres"), DATABASE)
        yield server.url(DATABASE)


def sqlalchemy_url(address: str) -> str:
    """A PostgreSQL address in any of its usual spellings, with the driver FedCare uses; raises BadSetting."""
    reason = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise BadSetting(setting="DATABASE_URL", value="(hidden)", reason=reason) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise BadSetting(setting="DATABASE_URL", value=url.render_as_string(), reason=reason)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq_url(address: str) -> str:
    """The same address without SQLAlchemy's driver, as PostgreSQL's own programs and psycopg take it."""
    return make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)


def _make_database(maintenance: str, name: str) -> None:
    with psycopg.connect(libpq_url(maintenance), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            return
        # Another process may make it in this very moment.
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(f'CREATE DATABASE "{name}"')
