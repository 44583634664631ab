"""The login that a gateway uses on the embedded server: bound by every policy, and owner of nothing."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.urls import with_driver, without_driver

LOGIN = "fedcare_gateway"


def gateway_url(owner_url: str, secret: Path) -> str:
    """The address with the gateway's own login, whose random password is kept in ``secret``, mode 0600.

    Called where the embedded server was started, after the migrations: on a server of somebody else's, its owner makes
    the login and names it in DATABASE_URL.
    """
    password = _password(secret)
    with psycopg.connect(without_driver(owner_url), autocommit=True) as connection:
        known = connection.execute("select 1 from pg_roles where rolname = %s", (LOGIN,)).fetchone()
        statement = "alter role {} login password {}" if known else "create role {} login password {}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(LOGIN), sql.Literal(password)))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(APPLICATION), sql.Identifier(LOGIN)))
    address = make_url(with_driver(owner_url)).set(username=LOGIN, password=password)
    return address.render_as_string(hide_password=False)


def _password(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with path.open("x", opener=_private) as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")


def _private(path: str, flags: int) -> int:
    import os

    return os.open(path, flags, 0o600)
