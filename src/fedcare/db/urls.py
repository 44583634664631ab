"""Connection addresses as people write them, for SQLAlchemy and for libpq."""

from __future__ import annotations

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from fedcare.errors import BadSetting


def with_driver(url: str) -> str:
    """The address for SQLAlchemy, through psycopg; raises BadSetting for one that is not PostgreSQL's."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"postgresql", "postgres"}:
        reason = "it must read postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise BadSetting(setting="DATABASE_URL", value="(not shown)", reason=reason)
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def without_driver(url: str) -> str:
    """The address for libpq and its tools."""
    libpq = make_url(with_driver(url)).set(drivername="postgresql").render_as_string(hide_password=False)
    return libpq.replace(" ", "%20")  # SQLAlchemy leaves the spaces of a password as they are; libpq refuses them.
