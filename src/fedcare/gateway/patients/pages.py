"""A page of patients as JSON, and the cursor that says where the next one begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from fedcare.gateway.auth.keys import SigningKeys
from fedcare.gateway.patients import listing
from fedcare.gateway.patients.cursors import seal, unseal
from fedcare.gateway.patients.listing import Asked, Order, Part, Sort
from fedcare.gateway.patients.schemas import PatientQuery

Found = tuple[Part, Row[Any]]
Position = tuple[Part, Sequence[Any]]


def page(tx: Connection, query: PatientQuery, keys: SigningKeys) -> str:
    """The page that is asked for, as JSON (``PatientPage``); raises InvalidRequest for a cursor of another listing."""
    asked = Asked.of(query)
    found = _read(tx, asked, query, _position(query, keys))
    shown, is_last = found[: query.limit], len(found) <= query.limit
    items = ",".join(row[0] for _, row in shown)
    following = "null" if is_last else json.dumps(_cursor(query, keys, *shown[-1]))
    count = listing.count(tx, asked) if query.count else "null"
    return f'{{"items":[{items}],"next":{following},"count":{count}}}'


def _read(tx: Connection, asked: Asked, query: PatientQuery, position: Position | None) -> list[Found]:
    """The rows of the page and one more, which tells that there is a page after."""
    parts = _PARTS if query.sort == "cost" else _PARTS[:1]
    begin, after = position or (parts[0], None)
    found: list[Found] = []
    for part in parts[parts.index(begin) :]:
        order = Order(query.sort, query.order == "desc", part)
        rows = listing.read(tx, asked, order, after, query.limit + 1 - len(found))
        found += [(part, row) for row in rows]
        if len(found) > query.limit:
            break
        after = None
    return found


# -- cursors ----------------------------------------------------------------------------------------------------------


def _cursor(query: PatientQuery, keys: SigningKeys, part: Part, row: Row[Any]) -> str:
    key: Sequence[Any] = row[1:]
    texts = [each.isoformat() if isinstance(each, datetime) else str(each) for each in key]
    return seal(keys, _listing(query), [part, *texts])


def _position(query: PatientQuery, keys: SigningKeys) -> Position | None:
    """The part and the key that a page begins behind; every value as the database takes it."""
    if query.cursor is None:
        return None
    part, *texts = unseal(keys, _listing(query), query.cursor)
    kinds = _KINDS[query.sort] if part == "known" else (UUID,)
    return part, [kind(text) for kind, text in zip(kinds, texts, strict=True)]


def _listing(query: PatientQuery) -> str:
    return query.model_dump_json(exclude=_NOT_OF_THE_LISTING)


# A listing is the same whatever the length of its pages.
_NOT_OF_THE_LISTING = {"cursor", "limit", "count"}
_PARTS: tuple[Part, ...] = ("known", "unknown")
_KINDS: dict[Sort, tuple[Callable[[str], Any], ...]] = {
    "name": (str, str, UUID),
    "age": (int, UUID),
    "cost": (int, UUID),
    "updated": (datetime.fromisoformat, UUID),
}
