"""Institutions, the people who work there, and their sessions."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from fedcare.db.tables.base import created_at, key, metadata, moment, tenant_columns

institutions = Table(
    "institutions",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("address", String(500), nullable=False, server_default=""),
    Column("retain_patients_days", Integer),
    Column("retain_predictions_days", Integer),
    created_at(),
    # 0 is the consortium as a tenant.
    CheckConstraint("id > 0", name="id"),
    CheckConstraint("btrim(name) <> ''", name="name"),
    CheckConstraint("retain_patients_days > 0 and retain_predictions_days > 0", name="retention"),
)

medical_workers = Table(
    "medical_workers",
    metadata,
    *tenant_columns(nullable=True),
    key(),
    Column("email", String(320), nullable=False),
    Column("password_hash", Text),
    Column("subject", Text),
    Column("name", String(200), nullable=False),
    Column("role", String(10), nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    CheckConstraint("role in ('doctor', 'nurse', 'admin')", name="role"),
    CheckConstraint("institution_id is not null or role = 'admin'", name="consortium"),
    CheckConstraint("email = lower(btrim(email)) and email <> ''", name="email"),
    Index("uq_medical_workers_email", "tenant", "email", unique=True),
    Index("ix_medical_workers_login", "email"),
)

sessions = Table(
    "sessions",
    metadata,
    *tenant_columns(nullable=True),
    key(),
    Column("worker_id", Uuid, nullable=False),
    created_at(),
    moment("expires_at", nullable=False),
    moment("ended_at"),
    Column("ended_by", String(20)),
    ForeignKeyConstraint(
        ["tenant", "worker_id"], ["medical_workers.tenant", "medical_workers.id"], name="worker", ondelete="CASCADE"
    ),
    Index("ix_sessions_worker", "tenant", "worker_id"),
)

# Which sessions ended before their time, for every gateway to know; it tells nothing about whose they were.
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    created_at("ended_at"),
    Index("ix_ended_sessions_ended_at", "ended_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    *tenant_columns(nullable=True),
    Column("token_hash", LargeBinary, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    created_at(),
    moment("used_at"),
    ForeignKeyConstraint(
        ["tenant", "session_id"], ["sessions.tenant", "sessions.id"], name="session", ondelete="CASCADE"
    ),
    Index("ix_refresh_tokens_session", "tenant", "session_id"),
)

# Who holds the token sets the worker's password, once. Without a worker it makes the consortium's first admin.
invitations = Table(
    "invitations",
    metadata,
    *tenant_columns(nullable=True),
    Column("token_hash", LargeBinary, primary_key=True),
    Column("worker_id", Uuid),
    created_at(),
    moment("expires_at", nullable=False),
    CheckConstraint("worker_id is not null or institution_id is null", name="worker"),
    ForeignKeyConstraint(
        ["tenant", "worker_id"], ["medical_workers.tenant", "medical_workers.id"], name="worker", ondelete="CASCADE"
    ),
    Index("ix_invitations_worker", "tenant", "worker_id"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("email_hash", LargeBinary, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    created_at(),
    Index("ix_login_attempts_email", "email_hash", "created_at"),
)
