"""A page of patients as JSON, and the cursor that says where the next one begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from fedcare.errors import InvalidRequest
from fedcare.gateway.patients import listing
from fedcare.gateway.patients.listing import Asked, Order, Part, Sort
from fedcare.gateway.patients.schemas import PatientQuery
from fedcare.gateway.types import clean, from_cursor, to_cursor

Found = tuple[Part, Row[Any]]


def page(tx: Connection, query: PatientQuery) -> str:
    """The page that is asked for, as JSON (``PatientPage``); raises InvalidRequest for a cursor of another listing."""
    asked = Asked.of(query)
    found = _read(tx, asked, query)
    shown, is_last = found[: query.limit], len(found) <= query.limit
    items = ",".join(row[0] for _, row in shown)
    following = "null" if is_last else json.dumps(_cursor(query, *shown[-1]))
    count = listing.count(tx, asked) if query.count else "null"
    return f'{{"items":[{items}],"next":{following},"count":{count}}}'


def _read(tx: Connection, asked: Asked, query: PatientQuery) -> list[Found]:
    """The rows of the page and one more, which tells that there is a page after."""
    parts = _PARTS if query.sort == "cost" else _PARTS[:1]
    begin, after = _position(query, query.cursor) if query.cursor else (parts[0], None)
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


def _cursor(query: PatientQuery, part: Part, row: Row[Any]) -> str:
    key: Sequence[Any] = row[1:]
    texts = [each.isoformat() if isinstance(each, datetime) else str(each) for each in key]
    return to_cursor([_listing(query, part), texts])


def _position(query: PatientQuery, cursor: str) -> tuple[Part, Sequence[Any]]:
    """The part and the key that a page begins behind; every value as the database takes it."""
    name, texts = from_cursor(cursor, str, list)
    for part in _PARTS:
        if name == _listing(query, part):
            return part, _values(_KINDS[query.sort] if part == "known" else (UUID,), texts)
    raise _foreign()


def _values(kinds: Sequence[Callable[[str], Any]], texts: list[Any]) -> list[Any]:
    try:
        return [kind(clean(text)) for kind, text in zip(kinds, texts, strict=True)]
    except (ValueError, TypeError, AttributeError):
        raise _foreign() from None


def _listing(query: PatientQuery, part: Part) -> str:
    return f"{query.sort} {query.order} {part}"


def _foreign() -> InvalidRequest:
    return InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}])


def _number(text: str) -> int:
    value = int(text[:20])
    if not 0 <= value < 2**31 * 2**31:
        raise ValueError
    return value


def _age(text: str) -> int:
    return min(_number(text), 1000)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


_PARTS: tuple[Part, ...] = ("known", "unknown")
_KINDS: dict[Sort, tuple[Callable[[str], Any], ...]] = {
    "name": (str, str, UUID),
    "age": (_age, UUID),
    "cost": (_number, UUID),
    "updated": (_moment, UUID),
}
