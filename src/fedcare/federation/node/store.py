"""The institution's part of the database: everything a node reads and writes there, in its own scope."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from fedcare.db.database import Database, Scope
from fedcare.db.tables import institutions
from fedcare.errors import UnknownInstitution


class NodeStore:
    """Transactions as one institution, whose id is looked up once the database answers."""

    def __init__(self, database: Database, institution: str) -> None:
        self.database, self.institution = database, institution
        self._scope: Scope | None = None
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; raises DatabaseUnavailable, and UnknownInstitution where the database has none so named."""
        with self.database.transaction(self.scope()) as tx:
            yield tx

    @property
    def institution_id(self) -> int:
        """The institution's number in this database."""
        tenant = self.scope().tenant
        assert tenant is not None
        return tenant

    def scope(self) -> Scope:
        """The institution's scope; raises as ``transaction`` does."""
        with self._lock:
            if self._scope is None:
                query = select(institutions.c.id).where(institutions.c.name == self.institution)
                with self.database.transaction(Scope(None)) as tx:
                    found = tx.execute(query).scalar_one_or_none()
                if found is None:
                    raise UnknownInstitution(institution=self.institution)
                self._scope = Scope.of(found)
            return self._scope
