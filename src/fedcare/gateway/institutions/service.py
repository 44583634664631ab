"""Institutions: the consortium admits and dismisses them, each one's admin keeps its own particulars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from fedcare.db import audit
from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope
from fedcare.db.tables import CONSORTIUM
from fedcare.errors import Conflict, Forbidden, NotFound, UnknownInstitution
from fedcare.gateway.caller import Caller
from fedcare.gateway.events import tell
from fedcare.gateway.institutions import repository
from fedcare.gateway.institutions.schemas import InstitutionFields
from fedcare.gateway.models.repository import CHANNEL  # A version's intervals depend on the institution's name.

WHAT = "institution"


def page(database: Database, after: int, count: int | None) -> Sequence[Row[Any]]:
    """Institutions by id, all where ``count`` is None; everybody may know who takes part."""
    with database.transaction(Scope(None)) as tx:
        return repository.list_institutions(tx, after, count)


def named(database: Database, name_or_id: str) -> Row[Any]:
    """One by its name or id; raises UnknownInstitution."""
    with database.transaction(Scope(None)) as tx:
        row = repository.named_institution(tx, name_or_id)
    if row is None:
        raise UnknownInstitution(institution=name_or_id)
    return row


def add(database: Database, origin: Origin, fields: InstitutionFields) -> Row[Any]:
    """Admit one; raises Conflict for a name that is taken."""
    try:
        with database.transaction(Scope(CONSORTIUM)) as tx:
            row = repository.add_institution(tx, fields.model_dump())
            tell(tx, CHANNEL)
            audit.record(tx, origin, "institutions.create", WHAT, row.id)
            return row
    except IntegrityError:
        raise _name_taken() from None


def change(database: Database, caller: Caller, institution_id: int, fields: InstitutionFields) -> Row[Any]:
    """Replace its particulars; raises Forbidden for another's, NotFound, Conflict for a name that is taken."""
    if caller.institution_id not in {None, institution_id}:
        raise Forbidden()
    try:
        with database.transaction(caller.scope) as tx:
            row = repository.change_institution(tx, institution_id, fields.model_dump())
            if row is None:
                raise NotFound(what=WHAT)
            tell(tx, CHANNEL)
            audit.record(tx, caller.origin, "institutions.update", WHAT, institution_id)
            return row
    except IntegrityError:
        raise _name_taken() from None


def remove(database: Database, origin: Origin, institution_id: int) -> None:
    """Dismiss one that never did anything: what is in its audit log has to stay. Raises NotFound, Conflict."""
    try:
        with database.transaction(Scope(CONSORTIUM)) as tx:
            if not repository.remove_institution(tx, institution_id):
                raise NotFound(what=WHAT)
            audit.record(tx, origin, "institutions.delete", WHAT, institution_id)
    except IntegrityError:
        kept = "The institution has workers, records or an audit log, which must stay: deactivate its workers instead."
        raise Conflict(reason=kept) from None


def _name_taken() -> Conflict:
    return Conflict(reason="There is an institution of this name already.")
