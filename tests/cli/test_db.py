"""``fedcare db`` and ``fedcare audit`` on a server of one's own and on the embedded one."""

import json
from pathlib import Path

import pytest
from psycopg import connect

from fedcare.db.urls import without_driver
from fedcare.settings import settings


@pytest.fixture
def home(monkeypatch, server_folder, request) -> Path:
    folder = server_folder / f"home-{request.node.name[:40]}"
    monkeypatch.setenv("FEDCARE_HOME", str(folder))
    return folder


@pytest.fixture
def own_server(monkeypatch, home, database_url) -> str:
    """A migrated database that DATABASE_URL names."""
    return _named(monkeypatch, database_url)


@pytest.fixture
def new_server(monkeypatch, home, empty_database_url) -> str:
    """A database without tables that DATABASE_URL names."""
    return _named(monkeypatch, empty_database_url)


def _named(monkeypatch, url: str) -> str:
    monkeypatch.setenv("DATABASE_URL", without_driver(url))
    settings.cache_clear()
    return url


def run(url: str, statement: str) -> list[tuple]:
    with connect(without_driver(url), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def tables(url: str) -> int:
    return run(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")[0][0]


def test_status_changes_nothing_on_a_server_of_ones_own(fedcare, new_server):
    ran = fedcare("db", "status", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["server"], found["revision"]) == (0, "DATABASE_URL", None)
    assert found["pending"]
    assert tables(new_server) == 0
    assert "fedcare db upgrade" in fedcare("db", "status").err


def test_upgrade_says_what_it_applies_and_where_and_does_it_once(fedcare, new_server):
    first, second = fedcare("db", "upgrade"), fedcare("db", "upgrade")
    assert "Applying 0001" in " ".join(first.err.split())
    assert "127.0.0.1" in first.err
    assert "nothing was changed" in " ".join(second.err.split())
    found = json.loads(fedcare("db", "status", "--json").out)
    assert found["revision"] == found["needed"]
    assert found["pending"] == []


def test_no_password_is_shown(fedcare, own_server):
    password = without_driver(own_server).split("@")[0].rsplit(":", 1)[1]
    for command in ("status", "upgrade"):
        ran = fedcare("db", command)
        assert password not in ran.out + ran.err


def test_a_downgrade_wants_a_yes_and_keeps_what_it_drops_in_a_backup(fedcare, own_server, home):
    run(own_server, "INSERT INTO institutions (name) VALUES ('St. Mary')")
    refused = fedcare("db", "downgrade", "base")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert run(own_server, "SELECT name FROM institutions") == [("St. Mary",)]
    done = json.loads(fedcare("db", "downgrade", "base", "--yes", "--json").out)
    assert done["to"] is None
    assert Path(done["backup"]).parent == home / "backups"
    assert tables(own_server) == 1  # Alembic's own.
    run(own_server, "DROP TABLE alembic_version")
    assert json.loads(fedcare("db", "restore", done["backup"], "--json").out)["revision"] == done["from"]
    assert run(own_server, "SELECT name FROM institutions") == [("St. Mary",)]


def test_an_unknown_revision_is_refused_and_nothing_dropped(fedcare, own_server):
    before = tables(own_server)
    ran = fedcare("db", "downgrade", "nonsense", "--yes")
    assert ran.code == 2
    assert "REVISION" in ran.err
    assert tables(own_server) == before


def test_a_backup_goes_where_it_is_asked_to_and_a_full_database_is_not_restored_into(fedcare, own_server, tmp_path):
    file = tmp_path / "mine.dump"
    assert fedcare("db", "backup", file).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    refused = fedcare("db", "restore", file, "--json")
    assert refused.code == 2
    assert json.loads(refused.out)["error"]["code"] == "database_not_empty"


def test_without_a_database_url_the_embedded_server_starts_by_itself(fedcare, home, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings.cache_clear()
    upgraded = fedcare("db", "upgrade")
    assert upgraded.code == 0, upgraded.err
    assert "Preparing the database for the first time" in upgraded.err
    found = json.loads(fedcare("db", "status", "--json").out)
    assert found["server"] == "embedded"
    assert found["folder"] == str(home / "postgres")
    assert found["revision"] == found["needed"]


def test_an_untouched_audit_log_verifies_and_an_edited_row_is_named(fedcare, own_server):
    with connect(without_driver(own_server)) as connection:
        connection.execute("SELECT set_config('app.institution_id', '0', true)")
        for _ in range(3):
            connection.execute("SELECT append_audit(NULL, 'test', NULL, NULL, 'ok', NULL, NULL)")
    intact = json.loads(fedcare("audit", "verify", "--json").out)
    assert intact["intact"]
    run(own_server, "UPDATE audit_log SET action = 'other' WHERE seq = 2")
    broken = fedcare("audit", "verify")
    assert broken.code == 1
    assert "row 2" in broken.out
    named = json.loads(fedcare("audit", "verify", "--json").out)
    assert [fault["seq"] for fault in named["faults"]] == [2]


def test_an_audit_log_without_tables_is_an_error_in_words(fedcare, new_server):
    ran = fedcare("audit", "verify")
    assert ran.code == 1
    assert "fedcare db upgrade" in ran.err
