"""The server that serves is the one of DATABASE_URL, untouched, else the embedded one."""

from dataclasses import replace

import pytest

from fedcare.db.server import connect, place, resolve
from fedcare.errors import BadSetting, DatabaseUnreachable
from fedcare.settings import settings

# What a server's owner would notice: roles, databases, tables, settings.
STATE = """
    SELECT (SELECT array_agg(rolname ORDER BY 1) FROM pg_roles),
           (SELECT array_agg(relname ORDER BY 1) FROM pg_class WHERE relkind IN ('r', 'S', 'v')),
           (SELECT array_agg(nspname ORDER BY 1) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'),
           (SELECT count(*) FROM pg_db_role_setting)
"""


def test_a_named_server_is_used_and_nothing_is_made_there(empty_database_url, ask, root):
    before = ask(empty_database_url, STATE)
    named = empty_database_url.replace("postgresql+psycopg", "postgres")
    with resolve(replace(settings(), database_url=named, home=root)) as url:
        assert url == empty_database_url
        assert ask(url, "SELECT 1") == [(1,)]
    assert ask(empty_database_url, STATE) == before
    assert not root.exists()


def test_without_one_the_embedded_server_serves_a_database_of_its_own(root, ask):
    ours = replace(settings(), database_url=None, home=root)
    with resolve(ours) as url, resolve(ours) as again:
        assert again == url
        assert ask(url, "SELECT current_database()") == [("fedcare",)]
    assert (root / "postgres" / "data").is_dir()


def test_an_address_that_is_not_postgresql_is_refused_without_showing_it(root):
    with (
        pytest.raises(BadSetting, match="DATABASE_URL") as refused,
        resolve(replace(settings(), database_url="mysql://me:hunter2@there/db", home=root)),
    ):
        pass
    assert "hunter2" not in str(refused.value)


def test_a_server_that_is_away_is_named_without_its_password():
    with (
        pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:1/nowhere") as away,
        connect("postgresql+psycopg://me:hunter2@127.0.0.1:1/nowhere"),
    ):
        pass
    assert "hunter2" not in str(away.value)


def test_a_place_is_host_port_and_database():
    assert place("postgresql://me:hunter2@db.example:5433/care") == "db.example:5433/care"
