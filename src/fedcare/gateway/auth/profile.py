"""Who is signed in, for people to read."""

from __future__ import annotations

from sqlalchemy import select

from fedcare.db.tables import institutions, medical_workers
from fedcare.errors import Unauthenticated
from fedcare.gateway.auth.schemas import Me
from fedcare.gateway.caller import Caller
from fedcare.gateway.services import Services

_ME = select(medical_workers, institutions.c.name.label("institution")).outerjoin(
    institutions, institutions.c.id == medical_workers.c.institution_id
)


def me(services: Services, caller: Caller) -> Me:
    """The caller's own account; raises Unauthenticated where it is gone."""
    with services.database.transaction(caller.scope) as tx:
        row = tx.execute(_ME.where(medical_workers.c.id == caller.worker_id)).one_or_none()
    if row is None:
        raise Unauthenticated(reason="the account is gone")
    return Me(
        id=row.id,
        email=row.email,
        name=row.name,
        role=caller.role,
        institution_id=row.institution_id,
        institution=row.institution,
    )
