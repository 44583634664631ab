"""Who did what: rows that are only ever added, each with the hash of the one before it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, Uuid

from fedcare.db.tables.base import metadata, moment, tenant_columns

audit_log = Table(
    "audit_log",
    metadata,
    *tenant_columns(nullable=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at", nullable=False),
    Column("actor", Uuid),
    Column("action", String(100), nullable=False),
    Column("subject_type", String(50)),
    Column("subject_id", Text),
    Column("outcome", String(20), nullable=False),
    Column("source", Text),
    Column("request_id", Text),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_log_subject", "tenant", "subject_type", "subject_id"),
    Index("ix_audit_log_actor", "tenant", "actor", "seq"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
