"""Patients and what was predicted for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from fedcare.db.tables.base import created_at, key, metadata, moment, tenant_columns

patients = Table(
    "patients",
    metadata,
    *tenant_columns(),
    key(),
    Column("first_name", String(100), nullable=False),
    Column("last_name", String(100), nullable=False),
    # Lower case and without accents, for the search by name; in byte order, so that a prefix is a range of the index.
    Column("first_folded", String(200, collation="C"), nullable=False),
    Column("last_folded", String(200, collation="C"), nullable=False),
    Column("age", Integer, nullable=False),
    Column("sex", String(10), nullable=False),
    Column("bmi", Double, nullable=False),
    Column("children", Integer, nullable=False),
    Column("smoker", String(3), nullable=False),
    Column("region", String(100), nullable=False),
    Column("insurance_cost", Numeric(14, 2)),
    # For sorting and filtering: row-level security keeps comparisons of numeric out of an index, of bigint not.
    Column("cost_cents", BigInteger, Computed("(insurance_cost * 100)::bigint", persisted=True)),
    moment("cost_recorded_at"),
    Column("created_by", Uuid),
    created_at(),
    created_at("updated_at"),
    Column("revision", Integer, nullable=False, server_default="1"),
    CheckConstraint("btrim(first_name) <> '' and btrim(last_name) <> ''", name="name"),
    CheckConstraint("age between 0 and 130", name="age"),
    CheckConstraint("sex in ('male', 'female')", name="sex"),
    CheckConstraint("bmi between 5 and 150", name="bmi"),
    CheckConstraint("children between 0 and 30", name="children"),
    CheckConstraint("smoker in ('yes', 'no')", name="smoker"),
    CheckConstraint("btrim(region) <> ''", name="region"),
    CheckConstraint("insurance_cost >= 0", name="insurance_cost"),
    Index("ix_patients_first", "tenant", "first_folded"),
    Index("ix_patients_by_name", "tenant", "last_folded", "first_folded", "id"),
    Index("ix_patients_age", "tenant", "age", "id"),
    Index("ix_patients_cost", "tenant", "cost_cents", "id"),
    Index("ix_patients_cost_unknown", "tenant", "id", postgresql_where=text("cost_cents is null")),
    Index("ix_patients_updated", "tenant", "updated_at", "id"),
    Index("ix_patients_region", "tenant", "region"),
)

imaging_studies = Table(
    "imaging_studies",
    metadata,
    *tenant_columns(),
    key(),
    Column("patient_id", Uuid),
    Column("path", Text, nullable=False),
    Column("label", String(50)),
    created_at(),
    ForeignKeyConstraint(
        ["tenant", "patient_id"], ["patients.tenant", "patients.id"], name="patient", ondelete="CASCADE"
    ),
    Index("ix_imaging_studies_patient", "tenant", "patient_id"),
)

predictions = Table(
    "predictions",
    metadata,
    *tenant_columns(),
    key(),
    Column("worker_id", Uuid, nullable=False),
    Column("patient_id", Uuid),
    Column("task", String(100), nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("features", JSONB),
    Column("result", JSONB, nullable=False),
    Column("value", Double, nullable=False),
    Column("outside", Boolean, nullable=False),
    Column("outcome", Double),
    moment("outcome_at"),
    created_at(),
    ForeignKeyConstraint(
        ["tenant", "patient_id"], ["patients.tenant", "patients.id"], name="patient", ondelete="CASCADE"
    ),
    Index("ix_predictions_patient", "tenant", "patient_id", "id"),
    Index("ix_predictions_worker", "tenant", "worker_id", "id"),
    Index("ix_predictions_outcome", "tenant", "task", "model_version", postgresql_where=text("outcome is not null")),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    *tenant_columns(nullable=True),
    Column("worker_id", Uuid, primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("response", Text),
    # Whose data the response holds: it goes when the patient goes.
    Column("patient_id", Uuid),
    created_at(),
    ForeignKeyConstraint(
        ["tenant", "patient_id"], ["patients.tenant", "patients.id"], name="patient", ondelete="CASCADE"
    ),
    Index("ix_idempotency_keys_age", "created_at"),
    Index("ix_idempotency_keys_patient", "tenant", "patient_id", postgresql_where=text("patient_id is not null")),
)
