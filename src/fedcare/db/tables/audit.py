"""Who did what: rows that are only ever added, each with the hash of the one before it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, Uuid

from fedcare.db.tables.base import metadata, moment, tenant_columns

# Texts without a limit: a column that cut off blanks would hold another text than the one in the hash.
audit_log = Table(
    "audit_log",
    metadata,
    *tenant_columns(nullable=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    moment("at", nullable=False),
    Column("actor", Uuid),
    Column("action", Text, nullable=False),
    Column("subject_type", Text),
    Column("subject_id", Text),
    Column("outcome", Text, nullable=False),
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
