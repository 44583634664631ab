"""Pages of patients: which, in which order, from where on.

Every statement is built once for its shape (the filters that are set, the order, the number of words searched for) and
must run on an index: a test explains each at 100,000 rows. Three things serve that. A page begins after the last row of
the one before (keyset), not after so many rows. Comparisons that an index is to serve under row-level security must be
of types whose operators PostgreSQL knows not to leak: text and bigint are, numeric and LIKE are not. And an order's
unknown values are a listing of their own, read when the known ones are at an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from fedcare.db.tables import patients
from fedcare.gateway.patients.names import search_words
from fedcare.gateway.patients.repository import SHOWN, as_json
from fedcare.gateway.patients.schemas import PatientFilters

Sort = Literal["name", "age", "cost", "updated"]
Part = Literal["known", "unknown"]

_C = patients.c
KEYS: dict[Sort, tuple[Column[Any], ...]] = {
    "name": (_C.last_folded, _C.first_folded, _C.id),
    "age": (_C.age, _C.id),
    "cost": (_C.cost_cents, _C.id),
    "updated": (_C.updated_at, _C.id),
}
# No text that is stored is greater: the end of the range of all texts with a prefix.
_LAST = "\U0010ffff"

_FILTERS: dict[str, ColumnElement[bool]] = {
    "sex": _C.sex == bindparam("sex"),
    "smoker": _C.smoker == bindparam("smoker"),
    "region": _C.region == bindparam("region"),
    "age_min": _C.age >= bindparam("age_min"),
    "age_max": _C.age <= bindparam("age_max"),
    "cost_min": _C.cost_cents >= bindparam("cost_min"),
    "cost_max": _C.cost_cents <= bindparam("cost_max"),
}


@dataclass(frozen=True)
class Asked:
    """Filters as a statement needs them: the names of those that are set, and every parameter."""

    filters: tuple[str, ...]
    words: int
    parameters: dict[str, Any]

    @classmethod
    def of(cls, filters: PatientFilters) -> Asked:
        """What a query's parameters ask for."""
        values = {name: value for name in _FILTERS if (value := getattr(filters, name)) is not None}
        for name in ("cost_min", "cost_max"):
            if name in values:
                values[name] = round(values[name] * 100)
        words = search_words(filters.search or "")
        for place, word in enumerate(words):
            values |= {f"word{place}": word, f"word{place}_end": word + _LAST, f"inside{place}": f" {word}"}
        return cls(tuple(name for name in _FILTERS if name in values), len(words), values)


@dataclass(frozen=True)
class Order:
    """The order of a listing, and the part of it that is read."""

    sort: Sort
    descending: bool
    part: Part = "known"

    @property
    def key(self) -> tuple[Column[Any], ...]:
        """The columns that order this part; the last of them is the patient's id."""
        return KEYS[self.sort] if self.part == "known" else (_C.id,)

    def of(self, key: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        """The columns in this direction."""
        return [each.desc() if self.descending else each.asc() for each in key]


def read(tx: Connection, asked: Asked, order: Order, after: Sequence[Any] | None, limit: int) -> Sequence[Row[Any]]:
    """Rows of the part, from behind the key ``after`` on: the JSON, then the key."""
    statement = page_statement(asked.filters, asked.words, order, after is not None)
    position = {f"after{place}": value for place, value in enumerate(after or ())}
    return tx.execute(statement, {**asked.parameters, **position, "page": limit}).all()


def count(tx: Connection, asked: Asked) -> int:
    """How many patients match."""
    found: int = tx.execute(_count_statement(asked.filters, asked.words), asked.parameters).scalar_one()
    return found


def read_by_id(tx: Connection, asked: Asked, columns: tuple[str, ...], after: UUID | None, limit: int) -> list[Any]:
    """Rows of the given columns in the order of ids, which is the first column."""
    statement = _columns_statement(asked.filters, asked.words, columns, after is not None)
    return list(tx.execute(statement, {**asked.parameters, "after0": after, "page": limit}).all())


@lru_cache(maxsize=1024)
def page_statement(filters: tuple[str, ...], words: int, order: Order, continued: bool) -> Select[*tuple[Any, ...]]:
    """The statement of a page."""
    statement = select(*(_C[name] for name in _PAGE_COLUMNS)).where(*_conditions(filters, words))
    if order.sort == "cost":
        statement = statement.where(_C.cost_cents.is_not(None) if order.part == "known" else _C.cost_cents.is_(None))
    if continued:
        place = tuple_(*order.key)
        position = tuple_(*(bindparam(f"after{place}", type_=each.type) for place, each in enumerate(order.key)))
        statement = statement.where(place < position if order.descending else place > position)
    found = statement.order_by(*order.of(order.key)).limit(_LIMIT).subquery("found")
    # The JSON is made of what is on the page, not of all that had to be sorted for it.
    key = [found.c[each.name] for each in order.key]
    return select(as_json(found.c), *key).order_by(*order.of(key))


_PAGE_COLUMNS = tuple(dict.fromkeys((*SHOWN, *(each.name for key in KEYS.values() for each in key))))
# Written into the statement: a plan that must do for every limit would expect a tenth of the table.
_LIMIT: BindParameter[int] = bindparam("page", type_=Integer(), literal_execute=True)


@lru_cache(maxsize=256)
def _count_statement(filters: tuple[str, ...], words: int) -> Select[Any]:
    return select(func.count()).select_from(patients).where(*_conditions(filters, words))


@lru_cache(maxsize=256)
def _columns_statement(filters: tuple[str, ...], words: int, columns: tuple[str, ...], continued: bool) -> Select[Any]:
    statement = select(*(_C[name] for name in columns)).where(*_conditions(filters, words))
    if continued:
        statement = statement.where(_C.id > bindparam("after0", type_=_C.id.type))
    return statement.order_by(_C.id).limit(_LIMIT)


def _conditions(filters: tuple[str, ...], words: int) -> list[ColumnElement[bool]]:
    conditions = [_FILTERS[name] for name in filters]
    if words:
        # The ranges find the candidates by index; that every word begins some part of the name is checked on those.
        conditions.append(or_(*(_begins(column, place) for place in range(words) for column in _NAMES)))
        conditions += [func.strpos(_WHOLE_NAME, bindparam(f"inside{place}")) > 0 for place in range(words)]
    return conditions


_NAMES = (_C.last_folded, _C.first_folded)
_WHOLE_NAME = " " + _C.first_folded + " " + _C.last_folded


def _begins(column: ColumnElement[str], place: int) -> ColumnElement[bool]:
    return and_(column >= bindparam(f"word{place}"), column < bindparam(f"word{place}_end"))
