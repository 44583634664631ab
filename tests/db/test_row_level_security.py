"""Whoever acts for one institution learns nothing of another's rows, and changes nothing there.

Every attempt is made twice: upon a row that the other institution has, and upon one that nobody has. What comes back,
the texts of errors included, must be the same.
"""

import itertools
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    and_,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import DBAPIError

from fedcare.db import audit
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import (
    CONSORTIUM,
    audit_log,
    institutions,
    medical_workers,
    metadata,
    patients,
    training_plans,
)

TENANT_TABLES = [table for table in metadata.sorted_tables if "tenant" in table.columns]
WRITABLE = [table for table in TENANT_TABLES if not table.name.startswith("audit_")]
READ_BY_CONSORTIUM = {"plan_approvals", "round_metrics", "clients"}
# They hold nothing of any institution.
OPEN_TO_ALL = {"login_attempts", "ended_sessions"}
# They are named by the hash of what they say: whoever adds one adds what anybody would.
ADDED_BY_ALL = {"training_plans"}
REFUSED = "42501"

SAMPLES: dict[str, Callable[[], object]] = {
    "medical_workers.email": lambda: f"{uuid4().hex}@example.org",
    "medical_workers.role": lambda: "doctor",
    "patients.sex": lambda: "female",
    "patients.smoker": lambda: "no",
    "patients.age": lambda: 50,
    "patients.insurance_cost": lambda: 100,
    "patients.children": lambda: 3,
    "patients.bmi": lambda: 25.0,
    "training_runs.status": lambda: "queued",
    "training_rounds.status": lambda: "started",
    "training_schedules.cron": lambda: None,
    "training_runs.cause": lambda: "manual",
    "plan_approvals.decided_how": lambda: "rule",
    "privacy_ledger.kind": lambda: "begun",
}
BY_TYPE: dict[type, Callable[[], object]] = {
    Uuid: new_id,
    LargeBinary: lambda: os.urandom(32),
    DateTime: lambda: datetime.now(UTC),
    JSON: dict,
    Boolean: lambda: False,
    Integer: itertools.count(1000).__next__,  # Two of chance could be the same one.
}


def sample(column) -> object:
    """A value that the column takes, another each time where its type allows."""
    special = SAMPLES.get(f"{column.table.name}.{column.name}")
    if special:
        return special()
    if isinstance(column.type, String):
        return uuid4().hex[: column.type.length]
    return next((make() for kind, make in BY_TYPE.items() if isinstance(column.type, kind)), 0.5)


def key_of(table: Table) -> list:
    """The columns that tell a tenant's rows apart."""
    return [column for column in table.primary_key if column.name != "tenant"] or [table.c.tenant]


class World:
    """Two institutions that both have a row in every table, and the consortium."""

    def __init__(self, url: str) -> None:
        self.owner = create_engine(url)
        self.database = Database(url, pool_size=2)
        self.rows: dict[tuple[str, int], dict] = {}
        with self.owner.begin() as connection:
            self.a, self.b, self.later = (self._institution(connection) for _ in range(3))
            for table in metadata.sorted_tables:
                if table in TENANT_TABLES:
                    for tenant in (self.a, self.b):
                        self._put(connection, table, tenant)
                elif table is not institutions:
                    for tenant in (self.a, self.b, self.later):
                        self._put(connection, table, tenant)

    def close(self) -> None:
        self.database.close()
        self.owner.dispose()

    def absent(self, table: Table) -> dict:
        """A row that the second institution might have, and has not."""
        return self.make(table, self.b, self.later)

    def make(self, table: Table, tenant: int, shared: int | None = None) -> dict:
        """A row that is nobody's yet; what it refers to exists: of shared tables, the row made for ``shared``."""
        row = {column.name: sample(column) for column in table.columns if not (column.computed or column.identity)}
        if "institution_id" in row:
            row["institution_id"] = tenant
        if table.name == "training_plans":
            row["plan"] = {"task": uuid4().hex}
            row["canonical"] = json.dumps(row["plan"])
            row["hash"] = sha256(row["canonical"].encode()).hexdigest()
        if table.name == "audit_heads":
            row["tenant"] = tenant
        for constraint in table.foreign_key_constraints:
            for element in constraint.elements:
                parent = element.column.table
                if element.parent.name in row and parent is not institutions:
                    whose = tenant if parent in TENANT_TABLES else shared or tenant
                    row[element.parent.name] = self.row(parent, whose)[element.column.name]
        return row

    def row(self, table: Table, tenant: int) -> dict:
        return self.rows[table.name, tenant]

    def _institution(self, connection: Connection) -> int:
        return connection.execute(insert(institutions).values(name=uuid4().hex)).inserted_primary_key.id

    def _put(self, connection: Connection, table: Table, tenant: int) -> None:
        row = self.make(table, tenant)
        made = connection.execute(insert(table).values(row).returning(*table.columns)).one()
        self.rows[table.name, tenant] = {**row, **made._asdict()}


@pytest.fixture(scope="module")
def world(shared_url):
    world = World(shared_url)
    yield world
    world.close()


class Undo(Exception):
    """Ends a transaction without a trace."""


def outcome(world: World, scope: Scope, statement) -> tuple:
    """All that whoever acts in ``scope`` gets to see of a statement, which is then undone."""
    seen: tuple = ()
    try:
        with world.database.transaction(scope) as tx:
            result = tx.execute(statement)
            seen = ("done", result.rowcount, [tuple(row) for row in result] if result.returns_rows else [])
            raise Undo
    except Undo:
        return seen
    except DBAPIError as error:
        told = error.orig.diag
        return (
            told.sqlstate,
            told.message_primary,
            told.constraint_name,
            _shape(told.message_detail),
            told.message_hint,
        )


def _shape(detail: str | None) -> str:
    """A detail without the values that the statement itself brought."""
    return re.sub(r"\)=\(.*\) is", ")=(...) is", detail or "")


# -- attempts upon a row: table, that row, and an own row of whoever tries -------------------------------------------


def at(table: Table, row: dict):
    return and_(table.c.tenant == row["institution_id"], *[column == row[column.name] for column in key_of(table)])


def whole(table: Table, row: dict) -> dict:
    return {name: value for name, value in row.items() if not table.c[name].computed}


def keys(table: Table, row: dict) -> dict:
    """The key and whatever else is unique, without whose it is."""
    unique = {column.name for index in table.indexes if index.unique for column in index.columns}
    names = (unique | {column.name for column in key_of(table)}) - {"tenant"}
    return {name: row[name] for name in names}


def parents(table: Table, row: dict) -> dict:
    """The references to rows of a tenant."""
    return {
        element.parent.name: row[element.parent.name]
        for constraint in table.foreign_key_constraints
        for element in constraint.elements
        if len(constraint.elements) > 1 and element.parent.name != "tenant"
    }


def or_update(table: Table, row: dict):
    statement = insert_or(table).values(whole(table, row))
    first = next(iter(whole(table, row)))
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_={first: row[first]})


ATTEMPTS: dict[str, Callable] = {
    "read": lambda t, row, own: select(t).where(at(t, row)),
    "count": lambda t, row, own: select(func.count()).select_from(t).where(at(t, row)),
    "lock": lambda t, row, own: select(t).where(at(t, row)).with_for_update(),
    "lock a little": lambda t, row, own: select(t).where(at(t, row)).with_for_update(read=True, key_share=True),
    "update": lambda t, row, own: update(t).where(at(t, row)).values(institution_id=row["institution_id"]),
    "take": lambda t, row, own: update(t).where(at(t, row)).values(institution_id=own["institution_id"]),
    "delete": lambda t, row, own: delete(t).where(at(t, row)).returning(t),
    "insert for it": lambda t, row, own: insert(t).values(whole(t, row)),
    "insert or ignore for it": lambda t, row, own: insert_or(t).values(whole(t, row)).on_conflict_do_nothing(),
    "insert or update for it": lambda t, row, own: or_update(t, row),
    "insert its keys for myself": lambda t, row, own: (
        insert(t).values({**whole(t, own), **keys(t, row)}).returning(t.c.tenant)
    ),
    "insert or ignore its keys": lambda t, row, own: (
        insert_or(t).values({**whole(t, own), **keys(t, row)}).on_conflict_do_nothing().returning(t.c.tenant)
    ),
    "give it mine": lambda t, row, own: update(t).where(at(t, own)).values(institution_id=row["institution_id"]),
    "give it mine under its key": lambda t, row, own: (
        update(t).where(at(t, own)).values(institution_id=row["institution_id"], **keys(t, row))
    ),
    "name mine as it": lambda t, row, own: update(t).where(at(t, own)).values(keys(t, row)),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("table", WRITABLE, ids=lambda table: table.name)
def test_a_row_of_another_institution_looks_like_none(world, table, attempt):
    own = world.row(table, world.a)
    tried = [
        outcome(world, Scope(world.a), ATTEMPTS[attempt](table, row, own))
        for row in (world.row(table, world.b), world.absent(table))
    ]
    assert tried[0] == tried[1]
    told, *what = tried[0]
    if attempt in {"read", "lock", "lock a little"}:
        assert (told, what) == ("done", [0, []]) or told == REFUSED
    elif attempt == "count":
        assert what == [1, [(0,)]]
    elif attempt in {"update", "take", "delete"}:
        assert (told, what[0]) == ("done", 0) or told == REFUSED
    elif "its keys" in attempt:
        assert what == [1, [(world.a,)]]
    elif "for it" in attempt or "give" in attempt:
        assert told == REFUSED


@pytest.mark.parametrize("table", [table for table in WRITABLE if parents(table, dict.fromkeys(table.c.keys()))])
def test_a_reference_to_another_institutions_row_fails_as_one_to_nothing(world, table):
    nowhere = {name: sample(table.c[name]) for name in parents(table, world.row(table, world.b))}
    tried = [
        outcome(world, Scope(world.a), insert(table).values(world.make(table, world.a) | references))
        for references in (parents(table, world.row(table, world.b)), nowhere)
    ]
    assert tried[0] == tried[1]
    assert tried[0][0] == "23503"


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_each_sees_its_own_rows_and_counts_no_others(world, table):
    for tenant, others in ((world.a, world.b), (world.b, world.a)):
        seen = outcome(world, Scope(tenant), select(table.c.tenant))[2]
        assert seen
        assert set(seen) == {(tenant,)}
        assert outcome(world, Scope(tenant), select(func.count()).where(table.c.tenant == others))[2] == [(0,)]
    with world.owner.connect() as owner:
        assert {world.a, world.b} <= set(owner.execute(select(table.c.tenant)).scalars())


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("scope", [None, 987_654, -1], ids=["none", "an unknown institution", "a negative one"])
def test_without_an_institution_nothing_is_seen_or_done(world, table, scope):
    row = world.row(table, world.b)
    assert outcome(world, Scope(scope), select(table)) == ("done", 0, [])
    if table in WRITABLE:
        assert outcome(world, Scope(scope), update(table).values(institution_id=world.a))[:2] in (
            ("done", 0),
            _refusal(table),
        )
        assert outcome(world, Scope(scope), delete(table))[:2] in (("done", 0), _refusal(table))
        assert outcome(world, Scope(scope), insert(table).values(whole(table, row)))[0] == REFUSED


def _refusal(table: Table) -> tuple[str, str]:
    return REFUSED, f"permission denied for table {table.name}"


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_the_consortium_sees_no_more_than_approvals_and_figures(world, table):
    seen = {tenant for (tenant,) in outcome(world, Scope(CONSORTIUM), select(table.c.tenant))[2]}
    assert seen == ({world.a, world.b} if table.name in READ_BY_CONSORTIUM else set())
    if table in WRITABLE:
        refused = outcome(world, Scope(CONSORTIUM), insert(table).values(world.make(table, world.b)))
        assert refused[0] == REFUSED
        assert outcome(world, Scope(CONSORTIUM), delete(table))[:2] in (("done", 0), _refusal(table))


@pytest.mark.parametrize("garbage", ["x", "1 or true", "1;2", "1.5", "99999999999999", "null", "{1,2}", " "])
@pytest.mark.parametrize("table", [patients, audit_log], ids=lambda table: table.name)
def test_a_scope_that_is_no_number_shows_nothing(world, table, garbage):
    with pytest.raises(Undo), world.database.transaction(Scope(None)) as tx:
        tx.execute(text("select set_config('app.institution_id', :garbage, true)"), {"garbage": garbage})
        savepoint = tx.begin_nested()
        try:
            assert tx.execute(select(table)).all() == []
        except DBAPIError as error:
            assert error.orig.sqlstate in {"22P02", "22003"}
        savepoint.rollback()
        raise Undo


# -- signing in -------------------------------------------------------------------------------------------------------


def test_an_email_opens_the_accounts_of_that_email_and_nothing_else(world):
    mine = world.row(medical_workers, world.b)
    scope = Scope(None, email=mine["email"])
    assert outcome(world, scope, select(medical_workers.c.id)) == ("done", 1, [(mine["id"],)])
    for table in TENANT_TABLES:
        if table is not medical_workers:
            assert outcome(world, scope, select(table)) == ("done", 0, [])
    assert outcome(world, scope, update(medical_workers).values(role="admin"))[:2] == ("done", 0)
    assert outcome(world, scope, delete(medical_workers))[:2] == ("done", 0)
    assert outcome(world, scope, insert(medical_workers).values(world.make(medical_workers, world.b)))[0] == REFUSED
    assert outcome(world, Scope(None, email="nobody@example.org"), select(medical_workers))[1] == 0
    assert outcome(world, Scope(None, email="%"), select(medical_workers))[1] == 0


# -- what everybody may read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [t for t in metadata.sorted_tables if t not in TENANT_TABLES and t.name not in OPEN_TO_ALL],
    ids=lambda t: t.name,
)
def test_an_institution_writes_no_table_of_the_consortium(world, table):
    values = {"name": uuid4().hex} if table is institutions else world.make(table, world.a)
    added = outcome(world, Scope(world.a), insert(table).values(values))[0]
    assert added == ("done" if table.name in ADDED_BY_ALL else REFUSED)
    assert outcome(world, Scope(None), insert(table).values(values))[0] == REFUSED
    assert outcome(world, Scope(world.a), delete(table))[:2] == ("done", 0)
    changed = outcome(world, Scope(world.a), update(table).values({next(iter(values)): next(iter(values.values()))}))
    assert changed[:2] == ("done", 1 if table is institutions else 0)


def test_an_institution_changes_its_own_name_alone(world):
    for other in (world.b, CONSORTIUM, 987_654):
        assert (
            outcome(world, Scope(world.a), update(institutions).where(institutions.c.id == other).values(name="x"))[1]
            == 0
        )
    assert outcome(world, Scope(world.a), update(institutions).values(name="Own").returning(institutions.c.id))[2] == [
        (world.a,)
    ]
    assert outcome(world, Scope(world.a), update(institutions).values(id=987_654))[0] == REFUSED


def test_no_institution_can_be_the_consortium(world):
    for impossible in (CONSORTIUM, -1):
        made = insert(institutions).values(id=impossible, name="x")
        assert outcome(world, Scope(CONSORTIUM), made)[0] == "23514"


def test_a_plan_is_what_its_name_says(world):
    made = world.make(training_plans, world.a)
    for lie in ({"hash": "0" * 64}, {"canonical": '{"task": "another"}'}, {"plan": {"task": "another"}}):
        for tenant in (world.a, CONSORTIUM):
            assert outcome(world, Scope(tenant), insert(training_plans).values(made | lie))[0] == "23514"


# -- ways round -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "alter table patients disable row level security",
        "alter table patients no force row level security",
        "drop policy own_institution on patients",
        "create policy mine on patients using (true)",
        "create view mine as select * from patients",
        "create function mine() returns int language sql as 'select 1'",
        "truncate patients cascade",
        "alter role fedcare_app bypassrls",
        "insert into audit_log (seq) values (1)",
        "update audit_log set outcome = 'ok'",
        "delete from audit_log",
        "truncate audit_log",
        "insert into audit_heads values (1, 1, '')",
        "update audit_heads set seq = 0",
        "delete from audit_heads",
        "alter function append_audit security invoker",
        "copy patients to program 'cat'",
        "select pg_read_file('PG_VERSION')",
        "set session_replication_role = replica",
        "select * from pg_authid",
    ],
)
def test_the_role_can_not_undo_its_bounds(world, statement):
    assert outcome(world, Scope(world.a), text(statement))[0] == REFUSED


def test_switching_row_security_off_ends_in_a_refusal(world):
    with pytest.raises(DBAPIError, match="row-level security"), world.database.transaction(Scope(world.a)) as tx:
        tx.execute(text("set local row_security = off"))
        tx.execute(select(patients))


def test_the_audit_function_writes_the_chain_of_the_scope_alone(world):
    before = {tenant: outcome(world, Scope(tenant), select(func.count(audit_log.c.seq)))[2] for tenant in (world.b, 0)}
    with world.database.transaction(Scope(world.later)) as tx:
        audit.record(tx, audit.Origin(), "tests.try", "institution", world.b)
        assert tx.execute(select(audit_log.c.institution_id, audit_log.c.seq)).all() == [(world.later, 1)]
    after = {tenant: outcome(world, Scope(tenant), select(func.count(audit_log.c.seq)))[2] for tenant in (world.b, 0)}
    assert after == before
    with (
        world.database.transaction(Scope(None)) as tx,
        pytest.raises(DBAPIError, match="needs a transaction with a scope"),
        tx.begin_nested(),
    ):
        audit.record(tx, audit.Origin(), "tests.try")


def test_a_temporary_table_can_not_stand_in_for_the_log(world):
    with pytest.raises(Undo), world.database.transaction(Scope(world.later)) as tx:
        before = tx.execute(select(func.count()).select_from(audit_log)).scalar_one()
        for name in ("audit_heads", "audit_log"):
            tx.execute(text(f"create temporary table {name} (like public.{name} including all)"))
            tx.execute(text(f"grant all on pg_temp.{name} to public"))
        audit.record(tx, audit.Origin(), "tests.try")
        assert tx.execute(text("select count(*) from public.audit_log")).scalar_one() == before + 1
        assert tx.execute(text("select count(*) from pg_temp.audit_log")).scalar_one() == 0
        raise Undo
