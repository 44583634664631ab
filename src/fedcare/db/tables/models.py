"""Model versions and who answers for a task."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from fedcare.db.tables.base import EMPTY_OBJECT, created_at, metadata, moment

model_versions = Table(
    "model_versions",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("version", String(200), nullable=False, unique=True),
    Column("task", String(100), nullable=False),
    Column("model_path", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("training_round", Integer),
    Column("accuracy", Double),
    Column("auc", Double),
    Column("mse", Double),
    Column("mae", Double),
    Column("r2", Double),
    Column("metrics", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    Column("lineage", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    # The coordinator's, over the manifest, for a version that a run of the federation made.
    Column("signature", Text),
    # Why the gate let it answer, or did not.
    Column("decision", JSONB),
    moment("trained_at", nullable=False),
    created_at("imported_at"),
    moment("activated_at"),
    Column("is_active", Boolean, nullable=False, server_default=text("false")),
    Index("uq_model_versions_active", "task", unique=True, postgresql_where=text("is_active")),
    Index("ix_model_versions_task", "task", "id"),
)

model_traffic = Table(
    "model_traffic",
    metadata,
    Column("task", String(100), primary_key=True),
    Column("challenger_id", Integer, ForeignKey("model_versions.id"), nullable=False),
    Column("fraction", Double, nullable=False),
    created_at("started_at"),
    CheckConstraint("fraction > 0 and fraction < 1", name="fraction"),
)
