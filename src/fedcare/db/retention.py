"""How long records are kept: each institution's own periods, enforced by the gateway's housekeeping."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from fedcare.db.tables import institutions, patients, predictions


def enforce(tx: Connection, institution_id: int) -> dict[str, int]:
    """Delete what is older than the institution's periods; how many rows of what went.

    A patient counts from the last change, a prediction from when it was made. The audit log is never shortened.
    """
    periods = tx.execute(
        select(institutions.c.retain_patients_days, institutions.c.retain_predictions_days).where(
            institutions.c.id == institution_id
        )
    ).one_or_none()
    if periods is None:  # The institution left between two looks.
        return {}
    gone = {
        "patients": _delete(tx, patients, patients.c.updated_at, periods.retain_patients_days),
        "predictions": _delete(tx, predictions, predictions.c.created_at, periods.retain_predictions_days),
    }
    return {what: count for what, count in gone.items() if count}


def _delete(tx: Connection, table: Table, age: ColumnElement[object], days: int | None) -> int:
    if days is None:
        return 0
    return tx.execute(delete(table).where(age < func.now() - func.make_interval(0, 0, 0, days))).rowcount
