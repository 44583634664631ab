"""Plans, runs, rounds, the institutions' nodes and their privacy budgets."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from fedcare.db.tables.base import EMPTY_OBJECT, created_at, key, metadata, moment, tenant_columns

STATUS = "status in ('started', 'in_progress', 'completed', 'failed')"

training_plans = Table(
    "training_plans",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("task", String(100), nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("proposed_by", Uuid),
    created_at(),
)

plan_approvals = Table(
    "plan_approvals",
    metadata,
    *tenant_columns(),
    Column("plan_hash", String(64), ForeignKey("training_plans.hash"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),
    Column("decided_by", Uuid),
    created_at("decided_at"),
)

training_runs = Table(
    "training_runs",
    metadata,
    key(),
    Column("plan_hash", String(64), ForeignKey("training_plans.hash"), nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text),
    Column("requested_by", Uuid),
    created_at(),
    moment("completed_at"),
    CheckConstraint("status in ('queued', 'started', 'in_progress', 'completed', 'failed', 'stopped')", name="status"),
    Index("ix_training_runs_plan_hash", "plan_hash"),
)

training_rounds = Table(
    "training_rounds",
    metadata,
    Column("run_id", Uuid, ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("round_number", Integer, primary_key=True, autoincrement=False),
    Column("clients_participated", Integer, nullable=False, server_default="0"),
    Column("aggregation_method", String(50), nullable=False),
    Column("status", String(20), nullable=False),
    created_at("started_at"),
    moment("completed_at"),
    Column("metrics", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    CheckConstraint(STATUS, name="status"),
)

round_metrics = Table(
    "round_metrics",
    metadata,
    *tenant_columns(),
    Column("run_id", Uuid, ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("round_number", Integer, primary_key=True, autoincrement=False),
    Column("examples", Integer, nullable=False),
    Column("metrics", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    Column("seconds", Double),
    Column("bytes_sent", Integer),
    Column("bytes_received", Integer),
    Column("dropped", Text),
)

clients = Table(
    "clients",
    metadata,
    *tenant_columns(),
    Column("node_id", String(100), primary_key=True),
    Column("task", String(100), primary_key=True),
    Column("records", Integer, nullable=False),
    created_at("last_seen_at"),
)

privacy_ledger = Table(
    "privacy_ledger",
    metadata,
    *tenant_columns(),
    key(),
    Column("task", String(100), nullable=False),
    Column("run_id", Uuid),
    Column("epsilon", Double, nullable=False),
    Column("delta", Double, nullable=False),
    Column("mechanism", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    created_at(),
    CheckConstraint("epsilon >= 0 and delta between 0 and 1", name="cost"),
)

training_schedules = Table(
    "training_schedules",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("plan_hash", String(64), ForeignKey("training_plans.hash"), nullable=False),
    Column("cron", String(100)),
    Column("new_records", Integer),
    Column("runs_left", Integer),
    Column("is_enabled", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    CheckConstraint("(cron is null) <> (new_records is null)", name="trigger"),
)
