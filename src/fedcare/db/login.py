"""The login that a gateway uses on the embedded server: bound by every policy, and owner of nothing."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.urls import with_driver, without_driver

LOGIN = "fedcare_gateway"
_LOCK = 0x666564636173


def gateway_url(owner_url: str, secret: Path) -> str:
    """The address with the gateway's own login, whose random password is kept in ``secret``, mode 0600.

    Called where the embedded server was started, after the migrations: on a server of somebody else's, its owner makes
    the login and names it in DATABASE_URL.
    """
    with psycopg.connect(without_driver(owner_url)) as connection:
        # Gateways that start together: one password, and one change of the role at a time.
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        password = _password(secret)
        known = connection.execute("select 1 from pg_roles where rolname = %s", (LOGIN,)).fetchone()
        statement = "alter role {} login password {}" if known else "create role {} login password {}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(LOGIN), sql.Literal(password)))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(APPLICATION), sql.Identifier(LOGIN)))
    address = make_url(with_driver(owner_url)).set(username=LOGIN, password=password)
    return address.render_as_string(hide_password=False)


def _password(path: Path) -> str:
    """The kept password, or a new one; the file appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        part.rename(path)
    return path.read_text(encoding="ascii")
