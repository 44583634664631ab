"""Rows of the history, and the patients they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, text, update

from fedcare.db.tables import patients, predictions

_P = predictions.c
_INSERT = insert(predictions).inline()
PATIENT_FEATURES = ("age", "sex", "bmi", "children", "smoker", "region")
_PATIENT = select(*(patients.c[name] for name in PATIENT_FEATURES)).where(patients.c.id == bindparam("of_patient"))

# One statement whatever the number of rows: each column goes over as one array.
_INSERT_MANY = text(
    """
    insert into predictions
        (institution_id, id, worker_id, task, model_version, features, result, value, outside)
    select :institution_id, each.id, :worker_id, :task, each.model_version, each.features::jsonb, each.result::jsonb,
        each.value, each.outside
    from unnest(
        cast(:ids as uuid[]), cast(:model_versions as text[]), cast(:features as text[]), cast(:results as text[]),
        cast(:values as float8[]), cast(:outsides as boolean[])
    ) as each(id, model_version, features, result, value, outside)
    """
)


def patient(tx: Connection, patient_id: UUID) -> dict[str, Any] | None:
    """The features that a patient's record holds."""
    row = tx.execute(_PATIENT, {"of_patient": patient_id}).one_or_none()
    return None if row is None else dict(row._mapping)


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """Keep a prediction."""
    tx.execute(_INSERT, dict(row))


def add_many(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep many predictions of one task, made by one worker."""
    first = rows[0]
    shared = {name: first[name] for name in ("institution_id", "worker_id", "task")}
    columns = {
        "ids": [row["id"] for row in rows],
        "model_versions": [row["model_version"] for row in rows],
        "features": [to_json(row["features"]).decode() for row in rows],
        "results": [to_json(row["result"]).decode() for row in rows],
        "values": [row["value"] for row in rows],
        "outsides": [row["outside"] for row in rows],
    }
    tx.execute(_INSERT_MANY, shared | columns)


def history(
    tx: Connection,
    wanted: Mapping[str, object],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    before: UUID | None,
) -> Sequence[Any]:
    """Predictions from the latest down; ``wanted`` are columns and their values."""
    conditions: list[ColumnElement[bool]] = [_P[name] == value for name, value in wanted.items()]
    conditions += [_P.created_at >= since] if since else []
    conditions += [_P.created_at < until] if until else []
    conditions += [_P.id < before] if before else []
    return tx.execute(select(predictions).where(*conditions).order_by(_P.id.desc()).limit(limit)).all()


def one(tx: Connection, prediction_id: UUID) -> Any:
    """A prediction, locked until the transaction ends; None where there is none."""
    return tx.execute(select(predictions).where(_P.id == prediction_id).with_for_update()).one_or_none()


def set_outcome(tx: Connection, prediction_id: UUID, outcome: float) -> Any:
    """Note what turned out to be true; the row as it is now."""
    changed = update(predictions).where(_P.id == prediction_id).values(outcome=outcome, outcome_at=func.now())
    return tx.execute(changed.returning(predictions)).one()
