"""Transactions in the name of an institution: the one way to the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from fedcare.db import migrate
from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.tables import CONSORTIUM
from fedcare.db.urls import with_driver
from fedcare.errors import DatabaseBehind, DatabaseUnavailable, UnsafeDatabaseRole

POOL_SIZE, POOL_OVERFLOW, POOL_SECONDS = 20, 20, 5
CONNECT_SECONDS, STATEMENT_MILLISECONDS = 5, 30_000

_SET_SCOPE = text("select set_config('app.institution_id', :tenant, true), set_config('app.email', :email, true)")


@dataclass(frozen=True)
class Scope:
    """Whose rows a transaction sees: those of one institution, or of the consortium (``CONSORTIUM``).

    ``email`` opens the accounts of that email besides, wherever they are: for signing in. Without a tenant nothing
    else is seen.
    """

    tenant: int | None
    email: str | None = None

    @classmethod
    def of(cls, institution_id: int | None) -> Self:
        """An institution's scope; None means the consortium."""
        return cls(CONSORTIUM if institution_id is None else institution_id)


class Database:
    """A pool of connections that act as the application's role, whatever login the address names."""

    def __init__(self, url: str, pool_size: int = POOL_SIZE) -> None:
        options = f"-c role={APPLICATION} -c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC"
        self.url = with_driver(url)
        self.engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_SECONDS,
            connect_args={"options": options, "connect_timeout": CONNECT_SECONDS},
        )

    @contextmanager
    def transaction(self, scope: Scope) -> Iterator[Connection]:
        """Commit at the end, roll back on any error: what is inside happens whole or not at all.

        Raises DatabaseUnavailable where the server is away, is too busy, or ends the connection.
        """
        try:
            with self.engine.begin() as connection:
                tenant = "" if scope.tenant is None else str(scope.tenant)
                connection.execute(_SET_SCOPE, {"tenant": tenant, "email": scope.email or ""})
                yield connection
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise DatabaseUnavailable() from error

    def check(self) -> None:
        """Refuse a database that a gateway must not serve from.

        Raises DatabaseBehind where migrations are missing, UnsafeDatabaseRole where row-level security would not bind.
        """
        status = migrate.status(self.url)
        if status.pending:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        with self.transaction(Scope(None)) as tx:
            unbound = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            owned = "select exists (select from pg_tables where schemaname = 'public' and tableowner = current_user)"
            if tx.execute(text(unbound)).scalar_one() or tx.execute(text(owned)).scalar_one():
                raise UnsafeDatabaseRole()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
