"""What the tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Computed, DateTime, ForeignKey, Integer, MetaData, Uuid, func, text

CONSORTIUM = 0
"""The tenant that is the consortium itself and no institution."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def tenant_columns(*, nullable: bool = False) -> list[Column[Any]]:
    """Whose row it is; ``nullable`` where the consortium has rows of its own."""
    return [
        Column("institution_id", Integer, ForeignKey("institutions.id"), nullable=nullable),
        Column("tenant", Integer, Computed("coalesce(institution_id, 0)", persisted=True), primary_key=True),
    ]


def key() -> Column[Any]:
    """A UUID of version 7, made by ``ids.new_id``."""
    return Column("id", Uuid, primary_key=True)


def created_at(name: str = "created_at") -> Column[Any]:
    """When the row was made, by the database's clock."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def moment(name: str, *, nullable: bool = True) -> Column[Any]:
    """A time in UTC, with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


EMPTY_OBJECT = text("'{}'::jsonb")
