"""Transactions in the name of an institution: the one way to the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection, RootTransaction, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from fedcare.db import migrate
from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.tables import CONSORTIUM
from fedcare.db.urls import with_driver
from fedcare.errors import DatabaseBehind, DatabaseUnavailable, UnsafeDatabaseRole

POOL_SIZE, POOL_OVERFLOW, POOL_SECONDS = 20, 20, 5
CONNECT_SECONDS = 5
# A transaction that stands still would keep its locks, the audit chain's among them, from everybody else.
_LIMITS = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
# A server whose machine is gone answers nothing: notice within half a minute, not after the system's two hours.
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}

# What the login could become, not only what it acts as now: whoever finds a way to run SQL could say RESET ROLE.
_UNBOUND = """
    select exists (
        select from pg_roles where (rolsuper or rolbypassrls) and pg_has_role(session_user, oid, 'member')
    ) or exists (
        select from pg_class
        where relnamespace = 'public'::regnamespace and pg_has_role(session_user, relowner, 'member')
    ) or has_schema_privilege(session_user, 'public', 'create')
"""
_SET_SCOPE = text("select set_config('app.institution_id', :tenant, true), set_config('app.email', :email, true)")
# The same without an email and with the beginning; ``tenant`` is a number or nothing, so it may stand in the text.
_BEGIN_IN_SCOPE = "begin; select set_config('app.institution_id', '{tenant}', true), set_config('app.email', '', true)"


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
    """A pool of connections that act as the application's role, whatever login the address names.

    ``patience``: seconds to wait for a connection while all of ``pool_size`` and ``overflow`` are in use.
    """

    def __init__(
        self, url: str, pool_size: int = POOL_SIZE, overflow: int = POOL_OVERFLOW, patience: float = POOL_SECONDS
    ) -> None:
        options = f"-c role={APPLICATION} {_LIMITS} -c timezone=UTC"
        self.url = with_driver(url)
        self.engine = create_engine(
            self.url,
            hide_parameters=True,  # An error's text must not quote a patient.
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=patience,
            connect_args={"options": options, "connect_timeout": CONNECT_SECONDS, **_ALIVE},
        )

    @contextmanager
    def transaction(self, scope: Scope) -> Iterator[Connection]:
        """Commit at the end, roll back on any error: what is inside happens whole or not at all.

        Raises DatabaseUnavailable where the server is away, is too busy, or ends the connection.
        """
        try:
            connection, transaction = self._begin(scope)
            with connection, transaction:
                yield connection
                _refuse_aborted(connection)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise DatabaseUnavailable() from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable() from error
            raise

    def check(self) -> None:
        """Refuse a database that a gateway must not serve from.

        Raises DatabaseBehind or DatabaseAhead where the tables are of another version, UnsafeDatabaseRole where the
        login could get round row-level security, DatabaseUnreachable and DatabaseUnavailable.
        """
        status = migrate.status(self.url)
        if status.pending:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        with self.transaction(Scope(None)) as tx:
            if tx.execute(text(_UNBOUND)).scalar_one():
                raise UnsafeDatabaseRole()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _begin(self, scope: Scope) -> tuple[Connection, RootTransaction]:
        """A connection from the pool, in a transaction of that scope.

        A connection that died in the pool, as all do when the server restarts, is replaced by a new one once: nothing
        has been done on it yet.
        """
        for is_last in (False, True):
            connection = self.engine.connect()
            try:
                transaction = connection.begin()
                # What the short way could not do is done, or fails, in SQLAlchemy's own: it knows a lost connection.
                if scope.email or not _began(connection, scope.tenant):
                    connection.execute(_SET_SCOPE, _settings(scope))
                return connection, transaction
            except DBAPIError as error:
                connection.close()
                if is_last or not error.connection_invalidated:
                    raise
        raise AssertionError


def enter(tx: Connection, scope: Scope) -> None:
    """Go on with a transaction in another scope: for what concerns several institutions and is one deed."""
    tx.execute(_SET_SCOPE, _settings(scope))


def _settings(scope: Scope) -> dict[str, str]:
    return {"tenant": "" if scope.tenant is None else str(scope.tenant), "email": scope.email or ""}


def _began(connection: Connection, tenant: int | None) -> bool:
    """Begin and set the scope in one message, since each costs about as much as a small query; whether it was done."""
    statements = _BEGIN_IN_SCOPE.format(tenant="" if tenant is None else int(tenant)).encode()
    return _driver(connection).pgconn.exec_(statements).status == ExecStatus.TUPLES_OK


def _refuse_aborted(connection: Connection) -> None:
    """PostgreSQL answers the commit of a failed transaction with a rollback and no error: a caller that swallowed the
    failure would take it for stored. What may fail and be survived belongs into a savepoint.
    """
    if _driver(connection).info.transaction_status == TransactionStatus.INERROR:
        raise RuntimeError("a statement of this transaction failed, so nothing of it can be stored")


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
