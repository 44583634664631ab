"""The database as a gateway sees it: with the tables of this FedCare, and bound by every policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from fedcare.cli.db import database
from fedcare.errors import BadSetting, DatabaseBehind
from fedcare.settings import settings

if TYPE_CHECKING:
    from pydantic import BaseModel

    from fedcare.db.audit import Origin
    from fedcare.db.database import Database

Schema = TypeVar("Schema", bound="BaseModel")


@contextmanager
def serving(quiet: bool, lasting: bool = False) -> Iterator[str]:
    """The address that a gateway serves from, with a login that could not get round the policies if it tried.

    The embedded server is started, brought to this FedCare's tables and given such a login; a server that DATABASE_URL
    names is used as it is. Raises DatabaseBehind, UnsafeDatabaseRole and others where it cannot be served from.
    """
    from fedcare.db import login
    from fedcare.db.database import Database

    with _migrated(quiet, lasting) as owner_url:
        url = owner_url
        if settings().database_url is None:
            url = login.gateway_url(owner_url, settings().home / "keys" / "database-password")
        checked = Database(url, pool_size=1)
        try:
            checked.check()
        finally:
            checked.close()
        yield url


@contextmanager
def gateway_database(quiet: bool) -> Iterator[Database]:
    """A pool for one command's few transactions, which act as a gateway does whatever the login may do besides."""
    from fedcare.db.database import Database

    with _migrated(quiet) as url:
        pool = Database(url, pool_size=1)
        try:
            yield pool
        finally:
            pool.close()


@contextmanager
def _migrated(quiet: bool, lasting: bool = False) -> Iterator[str]:
    """The owner's address; only the embedded server's tables are ours to change. Raises DatabaseBehind."""
    from fedcare.db import migrate

    with database(quiet, lasting) as (url, _):
        status = migrate.status(url)
        if status.pending and settings().database_url is not None:
            raise DatabaseBehind(current=status.current or "none", head=status.head)
        if status.pending:
            migrate.upgrade(url)
        yield url


def command_line() -> Origin:
    """Who acts, for the audit log: somebody with this machine's keys, who needs no account."""
    from fedcare.db.audit import Origin

    return Origin(source="command line")


def checked(schema: type[Schema], **values: object) -> Schema:
    """Options as the API would take them; raises BadSetting for the first that it would refuse."""
    from pydantic import ValidationError

    from fedcare.gateway.problems import problems_of

    try:
        return schema.model_validate(values)
    except ValidationError as error:
        first = problems_of(error)[0]
        name = first["field"]
        raise BadSetting(setting=f"--{name}", value=values.get(name), reason=first["problem"]) from None
