"""Patients in the database. A record leaves it as the JSON text that goes out: no object is built of it on the way."""

from __future__ import annotations

from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Label,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from fedcare.db.tables import patients

SHOWN = (
    "id",
    "first_name",
    "last_name",
    "age",
    "sex",
    "bmi",
    "children",
    "smoker",
    "region",
    "insurance_cost",
    "created_by",
    "created_at",
    "updated_at",
    "revision",
)
Row = dict[str, Any]
"""The columns of a patient that a worker writes, and the folded names."""


def as_json(columns: ReadOnlyColumnCollection[str, Any]) -> Label[str]:
    """A record's JSON, of a table or query that has its columns."""
    pairs = chain.from_iterable((literal_column(f"'{name}'"), columns[name]) for name in SHOWN)
    return cast(func.json_build_object(*pairs), Text).label("body")


BODY = as_json(patients.c)
_REVISION = patients.c.revision
_BY_ID = patients.c.id == bindparam("of_id")
_FROM_REVISION = cast(bindparam("from_revision"), _REVISION.type)
_THAT_STATE = (_BY_ID, _FROM_REVISION.is_(None) | (_REVISION == _FROM_REVISION))

# The columns written are the names of the parameters; the cost stands in an expression besides.
_COST = cast(bindparam("cost"), patients.c.insurance_cost.type)
_INSERT = insert(patients).values(cost_recorded_at=case((_COST.is_not(None), func.now()))).returning(BODY)
_SELECT = select(BODY, _REVISION).where(_BY_ID)
_UPDATE = (
    update(patients)
    .where(*_THAT_STATE)
    .values(
        revision=_REVISION + 1,
        updated_at=func.now(),
        cost_recorded_at=case(
            (_COST.is_(None), None),
            (patients.c.insurance_cost.is_distinct_from(_COST), func.now()),
            else_=patients.c.cost_recorded_at,
        ),
    )
    .returning(BODY, _REVISION)
)
_DELETE = delete(patients).where(*_THAT_STATE)


def insert_one(tx: Connection, institution_id: int, patient_id: UUID, worker_id: UUID, row: Row) -> str:
    """Store a new patient; its JSON."""
    made = {"institution_id": institution_id, "id": patient_id, "created_by": worker_id, "cost": row["insurance_cost"]}
    body: str = tx.execute(_INSERT, {**row, **made}).scalar_one()
    return body


def select_one(tx: Connection, patient_id: UUID) -> tuple[str, int] | None:
    """A patient's JSON and revision."""
    found = tx.execute(_SELECT, {"of_id": patient_id}).first()
    return (found.body, found.revision) if found else None


def update_one(tx: Connection, patient_id: UUID, from_revision: int | None, row: Row) -> tuple[str, int] | None:
    """The patient's new JSON and revision; None where it has another revision than ``from_revision`` (None: any)."""
    which = {"of_id": patient_id, "from_revision": from_revision, "cost": row["insurance_cost"]}
    found = tx.execute(_UPDATE, {**row, **which}).first()
    return (found.body, found.revision) if found else None


def delete_one(tx: Connection, patient_id: UUID, from_revision: int | None) -> bool:
    """Delete a patient and what hangs on it; False where it has another revision than ``from_revision``."""
    return bool(tx.execute(_DELETE, {"of_id": patient_id, "from_revision": from_revision}).rowcount)
