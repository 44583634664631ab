"""The migrations make the tables that the code speaks of, there and back, whoever runs them."""

import re
import subprocess
import sys
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url, text

from fedcare.db import migrate
from fedcare.db.database import Database, Scope
from fedcare.db.login import gateway_url
from fedcare.db.tables import institutions, metadata
from fedcare.errors import (
    DatabaseAhead,
    DatabaseBehind,
    DatabaseUnreachable,
    MigrationRefused,
    UnsafeDatabaseRole,
)

# Everything that a schema is made of, in words that another database with the same schema has too.
SCHEMA = """
    select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n'
    union all select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
    union all select 'column', attrelid::regclass::text, attname,
        concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
            (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum))
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
    order by 1, 2, 3
"""
NAMES = """
    select relname from pg_class where relnamespace = 'public'::regnamespace and relname not like 'alembic_version%'
    union all select proname from pg_proc where pronamespace = 'public'::regnamespace
    union all select typname from pg_type where typnamespace = 'public'::regnamespace
    and typname not in ('alembic_version', '_alembic_version')
"""


def schema(url: str) -> list[tuple]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(SCHEMA)) if not _is_others(row[1])]
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = {name for name in inspect(engine).get_table_names() if not _is_others(name)}
    engine.dispose()
    return found


def _is_others(name: str) -> bool:
    """Whether a table is not FedCare's to describe: the migrations' own, or one of the queue of jobs."""
    return name == "alembic_version" or name.startswith("procrastinate_")


def left_over(url: str) -> list[str]:
    """Tables, sequences, functions and types of the queue and of ours that a downgrade should have taken along."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(NAMES)).scalars().all()
    engine.dispose()
    return list(found)


def test_the_tables_in_code_are_those_that_the_migrations_make(shared_url):
    engine = create_engine(shared_url)
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or not _is_others(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_constraints_indexes_and_defaults_agree_to_the_letter(shared_url, empty_database_url):
    engine = create_engine(empty_database_url)
    metadata.create_all(engine)
    engine.dispose()
    assert schema(shared_url) == schema(empty_database_url)


def test_up_twice_and_down_and_up_again(empty_database_url):
    before = migrate.status(empty_database_url)
    assert (before.current, before.pending[0], before.pending[-1]) == (None, "0001", before.head)
    for _ in range(2):
        migrate.upgrade(empty_database_url)
        assert migrate.status(empty_database_url) == migrate.Status(before.head, before.head, ())
    first = schema(empty_database_url)
    migrate.downgrade(empty_database_url, "base")
    assert tables(empty_database_url) == set()
    assert left_over(empty_database_url) == []
    assert migrate.status(empty_database_url).current is None
    migrate.upgrade(empty_database_url)
    assert schema(empty_database_url) == first


def test_two_that_upgrade_at_once_do_it_once(empty_database_url):
    program = "import sys; from fedcare.db.migrate import upgrade; upgrade(sys.argv[1])"
    command = [sys.executable, "-c", program, empty_database_url]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(one.communicate(timeout=300)[1], one.returncode) for one in both] == [("", 0), ("", 0)]
    assert tables(empty_database_url) == set(metadata.tables)


def test_a_failing_upgrade_leaves_nothing(empty_database_url):
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("create table patients (x int)"))
    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(empty_database_url)
    assert tables(empty_database_url) == {"patients"}
    engine.dispose()


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def plain_owner(postgres, empty_database_url):
    """The URL of an empty database as a login that owns it, may make roles and is no superuser."""
    name, database = f"test_{uuid4().hex}", make_url(empty_database_url).database
    postgres.execute(f"create role {name} login createrole password 'secret'")
    postgres.execute(f"alter database {database} owner to {name}")
    # The role may be there from an earlier test; whoever administers the server hands it to the owner then.
    postgres.execute("do $$ begin create role fedcare_app nologin; exception when duplicate_object then null; end $$")
    version = psycopg.connect(postgres.address.replace("+psycopg", ""))
    with version:
        option = " with admin option" if version.info.server_version >= 160000 else ""
    postgres.execute(f"grant fedcare_app to {name}{option}")
    yield make_url(empty_database_url).set(username=name, password="secret").render_as_string(hide_password=False)
    postgres.drop(database)
    postgres.execute(f"revoke fedcare_app from {name} cascade")
    postgres.execute(f"drop role {name}")


def test_an_owner_that_is_no_superuser_can_upgrade_and_row_security_binds_it(plain_owner):
    migrate.upgrade(plain_owner)
    database = Database(plain_owner)
    with database.transaction(Scope(0)) as tx:
        one = tx.execute(institutions.insert().values(name="One")).inserted_primary_key.id
    with database.transaction(Scope(one)) as tx:
        tx.execute(text("select append_audit(null, 'x', null, null, 'ok', null, null)"))
    database.close()
    engine = create_engine(plain_owner)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from audit_log")).scalar_one() == 0
        connection.execute(text(f"set app.institution_id = {one}"))
        assert connection.execute(text("select count(*) from audit_log")).scalar_one() == 1
    engine.dispose()
    migrate.downgrade(plain_owner, "base")


def test_who_may_not_make_tables_is_told_so(postgres, empty_database_url):
    name = f"test_{uuid4().hex}"
    postgres.execute(f"create role {name} login password 'secret'")
    url = make_url(empty_database_url).set(username=name, password="secret").render_as_string(hide_password=False)
    with pytest.raises(MigrationRefused, match="permission denied for schema public"):
        migrate.upgrade(url)
    assert tables(empty_database_url) == set()
    postgres.execute(f"drop role {name}")


# -- what a gateway refuses to start on --------------------------------------------------------------------------------


@pytest.fixture
def checked():
    """Checks a database as a gateway does when it starts."""

    def check(url: str) -> None:
        database = Database(url)
        try:
            database.check()
        finally:
            database.close()

    return check


def test_a_gateway_starts_with_its_own_login_whose_password_is_private(database_url, tmp_path, checked):
    secret = tmp_path / "new" / "password"
    url = gateway_url(database_url, secret)
    checked(url)
    assert gateway_url(database_url, secret) == url
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_text()) >= 40
    checked(url)


def test_a_gateway_refuses_a_superuser(database_url, checked):
    with pytest.raises(UnsafeDatabaseRole):
        checked(database_url)


def test_a_gateway_refuses_the_owner_of_the_tables(plain_owner, checked):
    migrate.upgrade(plain_owner)
    with pytest.raises(UnsafeDatabaseRole):
        checked(plain_owner)


def test_a_gateway_refuses_a_database_that_is_behind_or_ahead(database_url, empty_database_url, checked):
    with pytest.raises(DatabaseBehind, match="revision none"):
        checked(empty_database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    for attempt in (checked, migrate.status, migrate.upgrade, lambda url: migrate.downgrade(url, "base")):
        with pytest.raises(DatabaseAhead, match="9999"):
            attempt(database_url)


def test_a_server_that_is_away_is_named_without_its_password(database_url):
    away = make_url(database_url).set(port=1, password="hush").render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnreachable, match=re.escape(":1/")) as refused:
        migrate.upgrade(away)
    assert "hush" not in str(refused.value)
