"""What an institution lets its records' releases cost, and what they have cost so far."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from fedcare.db.tables.base import created_at, metadata, tenant_columns

# Both grow alone, under a lock on the institution's row: the newest budget counts, and nothing charged is ever changed.
privacy_budgets = Table(
    "privacy_budgets",
    metadata,
    *tenant_columns(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epsilon", Double, nullable=False),
    Column("delta", Double, nullable=False),
    Column("private_only", Boolean, nullable=False),
    # A worker at the gateway; null for the node's own command line.
    Column("set_by", Uuid),
    created_at("set_at"),
    CheckConstraint("epsilon >= 0 and epsilon < 'infinity' and delta > 0 and delta < 1", name="limits"),
)

privacy_ledger = Table(
    "privacy_ledger",
    metadata,
    *tenant_columns(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    created_at("at"),
    Column("run", String(100), nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("task", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    # Of a release: "record count", "update" or "evaluation", and the round.
    Column("what", String(30)),
    Column("round", Integer),
    # The mechanisms: a list of noise multiplier, sample rate and steps.
    Column("uses", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # What everything up to this row costs together, at the delta of that time.
    Column("epsilon", Double, nullable=False),
    Column("delta", Double, nullable=False),
    CheckConstraint("kind in ('reserved', 'begun', 'settled', 'unbounded')", name="kind"),
    CheckConstraint("epsilon >= 0 and delta > 0 and delta < 1", name="cost"),
)

# Noisy counts and evaluations, written with their charge: the same again after a restart, and paid for once.
privacy_answers = Table(
    "privacy_answers",
    metadata,
    *tenant_columns(),
    Column("run", String(100), primary_key=True),
    Column("plan_hash", String(64), primary_key=True),
    # SHA-256 of what was asked.
    Column("question", String(64), primary_key=True),
    created_at("at"),
    # float64, little-endian, as they left.
    Column("answer", LargeBinary, nullable=False),
)
