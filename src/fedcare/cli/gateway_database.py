"""The database as a gateway sees it: ready to serve, through a login that every policy binds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from fedcare.cli.db import database
from fedcare.errors import BadSetting
from fedcare.settings import settings

if TYPE_CHECKING:
    from pydantic import BaseModel

    from fedcare.db.audit import Origin
    from fedcare.db.database import Database

Schema = TypeVar("Schema", bound="BaseModel")


@contextmanager
def serving(quiet: bool, lasting: bool = False) -> Iterator[str]:
    """The address of a gateway's login.

    The embedded server is started and brought to this FedCare's tables; a server that DATABASE_URL names is used as it
    is. Raises DatabaseBehind, UnsafeDatabaseRole and others where it cannot be served from.
    """
    from fedcare.db import login, migrate
    from fedcare.db.database import Database

    with database(quiet, lasting) as (owner_url, _):
        url = owner_url
        if settings().database_url is None:
            migrate.upgrade(owner_url)
            url = login.gateway_url(owner_url, settings().home / "keys" / "database-password")
        checked = Database(url, pool_size=1)
        try:
            checked.check()
        finally:
            checked.close()
        yield url


@contextmanager
def gateway_database(quiet: bool) -> Iterator[Database]:
    """A pool for one command's few transactions."""
    from fedcare.db.database import Database

    with serving(quiet) as url:
        pool = Database(url, pool_size=1)
        try:
            yield pool
        finally:
            pool.close()


def command_line() -> Origin:
    """Who acts, for the audit log: somebody with this machine's keys, who needs no account."""
    from fedcare.db.audit import Origin

    return Origin(source="command line")


def checked(schema: type[Schema], **values: object) -> Schema:
    """Options as the API would take them; raises BadSetting for the first that it would refuse."""
    from pydantic import ValidationError

    try:
        return schema.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise BadSetting(setting=f"--{name}", value=values.get(name), reason=first["msg"]) from None
