"""The institution's own log of what left it. A row is committed before the answer goes; without it nothing goes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select

from fedcare.db.ids import new_id
from fedcare.db.tables import egress_log

if TYPE_CHECKING:
    from flwr.app import RecordDict

    from fedcare.federation.node.question import Question


def digest_of(content: RecordDict) -> str:
    """SHA-256 of a message's sums and arrays, in the order of their names: what an update is called."""
    from fedcare.federation.messages import sums_in

    found = hashlib.sha256()
    for sums in sums_in(content):
        found.update(sums)
    for _, record in sorted(content.array_records.items()):
        for _, array in sorted(record.items()):
            found.update(array.data)
    return found.hexdigest()


def record_answer(
    tx: Connection, institution_id: int, question: Question, content: RecordDict, by: str, epsilon: float | None
) -> None:
    """Log the answer to a question.

    ``epsilon``: what the institution has spent with it, None where nothing bounds it.
    """
    from fedcare.federation.messages import size_of

    record(
        tx,
        institution_id,
        run=question.run,
        plan_hash=question.plan_hash,
        round=question.instruction.round,
        kind=question.kind,
        bytes=size_of(content),
        hash=digest_of(content),
        epsilon=epsilon,
        approved_by=by[:200],
    )


def record_counts(tx: Connection, institution_id: int, text: bytes) -> None:
    """Log the numbers of usable records, which the coordinator is told when they change."""
    digest = hashlib.sha256(text).hexdigest()
    record(tx, institution_id, run="-", kind="record counts", bytes=len(text), hash=digest)


def record(tx: Connection, institution_id: int, **values: Any) -> None:
    """Add a row; the database allows neither changing nor removing one."""
    tx.execute(insert(egress_log).values(values | {"id": new_id(), "institution_id": institution_id}))


def listed(tx: Connection, most: int) -> list[dict[str, Any]]:
    """The newest rows, newest first."""
    query = select(egress_log).order_by(egress_log.c.at.desc(), egress_log.c.id.desc()).limit(most)
    columns = ("at", "run", "round", "kind", "bytes", "hash", "plan_hash", "epsilon", "approved_by")
    rows = ({name: getattr(row, name) for name in columns} for row in tx.execute(query))
    return [row | {"at": row["at"].isoformat()} for row in rows]
