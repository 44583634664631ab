"""Plans, runs, rounds and the institutions' nodes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    # The very text that was hashed: whoever adds a plan, its name cannot lie about what it says.
    Column("canonical", Text, nullable=False),
    Column("proposed_by", Uuid),
    created_at(),
    CheckConstraint("hash = encode(sha256(convert_to(canonical, 'UTF8')), 'hex')", name="hash"),
    CheckConstraint("plan = canonical::jsonb", name="plan"),
)

plan_approvals = Table(
    "plan_approvals",
    metadata,
    *tenant_columns(),
    Column("plan_hash", String(64), ForeignKey("training_plans.hash"), primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),
    Column("decided_by", Uuid),
    # A worker at the gateway, somebody at the node's own command line, or a standing rule.
    Column("decided_how", String(20), nullable=False, server_default="worker"),
    created_at("decided_at"),
    CheckConstraint("decided_how in ('worker', 'command line', 'rule')", name="decided_how"),
)

standing_rules = Table(
    "standing_rules",
    metadata,
    *tenant_columns(),
    Column("task", String(100), primary_key=True),
    # The weakest privacy that is accepted for a run; null accepts a plan without any.
    Column("max_epsilon", Double),
    Column("max_rounds_per_day", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False, server_default=text("true")),
    Column("created_by", Uuid),
    created_at(),
    CheckConstraint("max_epsilon > 0 and max_rounds_per_day > 0", name="limits"),
)

egress_log = Table(
    "egress_log",
    metadata,
    *tenant_columns(),
    key(),
    created_at("at"),
    Column("run", String(100), nullable=False),
    Column("plan_hash", String(64)),
    Column("round", Integer),
    # What left: "statistics", "support", "update", "evaluation", "calibration", "record counts".
    Column("kind", String(30), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("epsilon", Double),
    Column("approved_by", String(200)),
    CheckConstraint("bytes >= 0", name="bytes"),
    Index("ix_egress_log_at", "tenant", "at", "id"),
)

training_runs = Table(
    "training_runs",
    metadata,
    key(),
    Column("plan_hash", String(64), ForeignKey("training_plans.hash"), nullable=False),
    Column("task", String(100), nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text),
    Column("cause", String(20), nullable=False, server_default="manual"),
    Column("schedule_id", Integer, ForeignKey("training_schedules.id", ondelete="SET NULL")),
    Column("requested_by", Uuid),
    # How often an owner has taken the run up: the first time, and once after each that died.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("stop_requested", Boolean, nullable=False, server_default=text("false")),
    # The model version the run ended in, and the gate's decision on it with the reasons.
    Column("version", String(200)),
    Column("decision", JSONB),
    created_at(),
    moment("started_at"),
    moment("completed_at"),
    CheckConstraint("cause in ('manual', 'cron', 'new records', 'command line')", name="cause"),
    CheckConstraint("status in ('queued', 'started', 'in_progress', 'completed', 'failed', 'stopped')", name="status"),
    Index("ix_training_runs_plan_hash", "plan_hash"),
    Index("ix_training_runs_open", "id", postgresql_where=text("completed_at is null")),
    Index("ix_training_runs_schedule", "schedule_id"),
)

# What happened in a run, in the order in which it is told: the live view goes on after the last one it has seen.
run_events = Table(
    "run_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", Uuid, ForeignKey("training_runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("data", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    created_at("at"),
    Index("ix_run_events_run", "run_id", "id"),
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
    Column("seconds", Double),
    Column("bytes_sent", BigInteger),
    Column("bytes_received", BigInteger),
    # Answers to earlier questions that came when nobody waited for them any more.
    Column("late_answers", Integer, nullable=False, server_default="0"),
    # How many answers did not count; why not stands in each institution's own round_metrics.
    Column("dropped", Integer, nullable=False, server_default="0"),
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
    Column("bytes_sent", BigInteger),
    Column("bytes_received", BigInteger),
    # Of a private run: what the institution has paid in it so far, at the plan's delta.
    Column("epsilon", Double),
    Column("dropped", Text),
)

clients = Table(
    "clients",
    metadata,
    *tenant_columns(),
    Column("node_id", String(100), primary_key=True),
    Column("task", String(100), primary_key=True),
    Column("records", Integer, nullable=False),
    Column("software", String(50)),
    moment("certificate_expires_at"),
    created_at("last_seen_at"),
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
    Column("created_by", Uuid),
    # When it last started a run, and how many records the institutions had then.
    moment("last_started_at"),
    Column("last_records", BigInteger),
    created_at(),
    CheckConstraint("new_records > 0 and runs_left >= 0", name="budget"),
    CheckConstraint("(cron is null) <> (new_records is null)", name="trigger"),
)
