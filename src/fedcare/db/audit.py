"""The audit chain: who did what to which record, from where, and how it ended; never what the record holds.

Rows are added in the transaction that they record, by the database's own function (see 0001_audit.sql): the
application cannot write the table. Each row's hash covers the hash before it, so that an edited, removed, inserted or
reordered row breaks the chain where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text

from fedcare.db.tables import CONSORTIUM, institutions

_APPEND = text("select append_audit(:actor, :action, :subject_type, :subject_id, :outcome, :source, :request_id)")
START = b""
_AT_ONCE = 1000

# One statement, so one moment: a row that is added while we read is neither in the log nor in the head we compare with.
_CHAIN = text(
    """
    select scope, heads.seq as head_seq, heads.hash as head_hash, log.*
    from (select nullif(current_setting('app.institution_id', true), '')::int as scope) as asked
    left join audit_heads as heads on heads.tenant = scope
    left join audit_log as log on log.tenant = scope
    where scope is not null
    order by log.tenant, log.seq
    """
)


@dataclass(frozen=True)
class Origin:
    """Who asks, and from where: a worker's id, an address, the id of the request."""

    actor: UUID | None = None
    source: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with a chain at ``seq``; ``tenant`` is an institution's id, 0 for the consortium's own chain."""

    tenant: int
    seq: int
    reason: str


def record(
    tx: Connection,
    origin: Origin,
    action: str,
    subject_type: str | None = None,
    subject_id: object = None,
    outcome: str = "ok",
) -> None:
    """Add a row to the chain of the transaction's institution.

    Call it last in a transaction: until the commit nobody else can add to this chain.
    """
    tx.execute(
        _APPEND,
        {
            "actor": origin.actor,
            "action": action,
            "subject_type": subject_type,
            "subject_id": None if subject_id is None else str(subject_id),
            "outcome": outcome,
            "source": origin.source,
            "request_id": origin.request_id,
        },
    )


def verify(tx: Connection) -> list[Fault]:
    """Every fault in the chain of the transaction's institution; the scope must be set."""
    with tx.execute(_CHAIN, execution_options={"yield_per": _AT_ONCE}) as rows:
        first = next(rows, None)
        if first is None:
            raise ValueError("the transaction has no scope")
        head = (first.head_seq, bytes(first.head_hash)) if first.head_seq is not None else (0, START)
        logged = (row for row in chain([first], rows) if row.seq is not None)
        return list(faults(first.scope, logged, head))


def verify_all(connection: Connection) -> dict[int, list[Fault]]:
    """Every chain, by tenant, on a connection of the tables' owner."""
    tenants = [CONSORTIUM, *connection.execute(select(institutions.c.id).order_by(institutions.c.id)).scalars()]
    found = {}
    for tenant in tenants:
        scoped(connection, tenant)
        found[tenant] = verify(connection)
    return found


def scoped(connection: Connection, tenant: int) -> None:
    """From here to the transaction's end, the chain of this tenant is meant."""
    connection.execute(text("select set_config('app.institution_id', :tenant, true)"), {"tenant": str(tenant)})


def faults(tenant: int, rows: Iterable[Row[Any]], head: tuple[int, bytes]) -> Iterator[Fault]:
    """Walk a chain in the order of ``seq``; ``head`` is the last row's number and hash as kept beside the log."""
    expected, previous = 1, START
    for row in rows:
        if row.seq < 1:
            yield Fault(tenant, row.seq, "the row was inserted before the first")
            continue
        if row.seq > expected:
            yield Fault(tenant, expected, _missing(expected, row.seq - 1))
        elif bytes(row.previous_hash) != previous:
            yield Fault(tenant, row.seq, "the row does not follow the one before it: inserted, moved or edited")
        if row_hash(row) != bytes(row.hash):
            yield Fault(tenant, row.seq, "the row was edited: its hash is not that of its content")
        expected, previous = row.seq + 1, bytes(row.hash)
    last, end = head
    if last >= expected:
        yield Fault(tenant, expected, _missing(expected, last) + ", at the end")
    elif last < expected - 1:
        yield Fault(tenant, last + 1, "rows after this were inserted: the chain ended before")
    elif previous != end:
        yield Fault(tenant, last, "the last row is not the one that was written last")


def _missing(first: int, last: int) -> str:
    return "the row is missing" if first == last else f"rows {first} to {last} are missing"


def row_hash(row: Row[Any]) -> bytes:
    """SHA-256 over the previous hash and the fields, as 0001_audit.sql lays them out."""
    fields = [row.tenant, row.seq, _moment(row.at), row.actor, row.action, row.subject_type, row.subject_id]
    fields += [row.outcome, row.source, row.request_id]
    text_of = "".join("-" if field is None else f"{len(str(field).encode())}:{field}" for field in fields)
    return hashlib.sha256(bytes(row.previous_hash) + text_of.encode()).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
