"""A backup holds everything, and only an empty database takes it."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from fedcare.db import backup as module
from fedcare.db.backup import backup, restore
from fedcare.db.embedded import EmbeddedServer
from fedcare.db.urls import without_driver
from fedcare.errors import BackupFailed, DatabaseNotEmpty, DatabaseUnreachable, FileMissing, NoPostgres, UnreadableFile

DEBIAN = Path("/usr/lib/postgresql/15/bin")

COLUMNS = """
    SELECT column_name, data_type, is_identity, is_generated, udt_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""
SHAPE = """
    SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', cmd, roles, qual, with_check) FROM pg_policies
    UNION ALL SELECT 'secured', relname, concat_ws(' ', relrowsecurity, relforcerowsecurity) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'granted', relname,
        g.grantee::regrole || ' ' || string_agg(g.privilege_type, ',' ORDER BY g.privilege_type)
        FROM pg_class, aclexplode(relacl) AS g
        WHERE relnamespace = 'public'::regnamespace AND g.grantee <> relowner GROUP BY relname, g.grantee
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conname,
        CASE contype WHEN 'c' THEN conkey::text ELSE pg_get_constraintdef(oid) END -- A check's text gains casts.
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL SELECT 'function', proname,
        concat_ws(' ', prosecdef, prosrc, has_function_privilege('fedcare_app', oid, 'execute'))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'sequence', sequencename, last_value::text FROM pg_sequences
    ORDER BY 1, 2, 3
"""


def content(url: str) -> dict[str, object]:
    """Every table's columns and rows, and what else the catalogue tells of the database."""
    with psycopg.connect(without_driver(url)) as connection:
        names = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        tables = {name: rows(connection, name) for name in names}
        columns = {name: connection.execute(COLUMNS, [name]).fetchall() for name in names}
        return {"tables": tables, "columns": columns, "shape": connection.execute(SHAPE).fetchall()}


def rows(connection: psycopg.Connection, table: str) -> list[str]:
    statement = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
    return [row[0] for row in connection.execute(statement)]


@pytest.fixture
def filled(database_url, ask) -> str:
    """A migrated database with rows in tables of its own kind: odd texts, bytes, JSON, nulls, a forced policy."""
    ask(database_url, "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, text text, raw bytea, facts jsonb)")
    ask(
        database_url,
        r"INSERT INTO notes (text, raw) VALUES (E'tab\there \\. line\nbreak é 漢', '\x00ff'), (NULL, NULL)",
    )
    ask(database_url, """INSERT INTO notes (facts) SELECT jsonb_build_object('n', n) FROM generate_series(1, 5000) n""")
    ask(database_url, "ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    ask(database_url, "ALTER TABLE notes FORCE ROW LEVEL SECURITY")
    ask(database_url, "GRANT SELECT ON notes TO fedcare_app")
    ask(database_url, "CREATE POLICY nobody ON notes TO fedcare_app USING (false)")
    ask(database_url, "INSERT INTO institutions (name) VALUES ('St. Mary'), ('Hôtel-Dieu')")
    return database_url


def test_what_is_restored_into_an_empty_server_is_what_was_backed_up(filled, root, tmp_path):
    steps = []
    size = backup(filled, tmp_path / "all.dump", progress=lambda done, all_: steps.append((done, all_)))
    assert size == (tmp_path / "all.dump").stat().st_size
    assert steps and steps[-1][0] == steps[-1][1]
    before = content(filled)
    with EmbeddedServer(root, fast=True) as empty:  # Not even the application's role is there.
        tables = restore(empty.url("postgres"), tmp_path / "all.dump", progress=lambda *step: steps.append(step))
        after = content(empty.url("postgres"))
    assert after == before
    assert tables == len(before["tables"])
    assert len(before["tables"]["notes"]) == 5002


def test_a_backup_is_private_and_replaces_nothing(filled, tmp_path):
    file = tmp_path / "deep" / "all.dump"
    backup(filled, file)
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.read_bytes()
    with pytest.raises(BackupFailed, match="replaces nothing"):
        backup(filled, file)
    assert file.read_bytes() == kept
    assert list(file.parent.iterdir()) == [file]


def test_a_backup_that_fails_leaves_no_file(filled, tmp_path, monkeypatch):
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "pg_dump").write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) 99.1' && exit\n"
        "echo 'pg_dump: error: No space left on device' >&2\nexit 1\n"
    )
    (fake / "pg_dump").chmod(0o755)
    with pytest.raises(BackupFailed, match="disk is full"):
        backup(filled, tmp_path / "out" / "all.dump", binaries=fake)
    assert not list((tmp_path / "out").iterdir())


def test_only_an_empty_database_is_restored_into(filled, tmp_path):
    backup(filled, tmp_path / "all.dump")
    before = content(filled)
    with pytest.raises(DatabaseNotEmpty, match=r"holds tables already \(\d+\)"):
        restore(filled, tmp_path / "all.dump")
    assert content(filled) == before


def test_a_damaged_backup_leaves_the_database_empty(filled, empty_database_url, tmp_path):
    file = tmp_path / "all.dump"
    backup(filled, file)
    whole = file.read_bytes()
    for cut in (0.3, 0.9, 0.999):
        (tmp_path / "short.dump").write_bytes(whole[: int(len(whole) * cut)])
        with pytest.raises((BackupFailed, UnreadableFile)):
            restore(empty_database_url, tmp_path / "short.dump")
        assert content(empty_database_url)["tables"] == {}
    restore(empty_database_url, file)
    assert content(empty_database_url) == content(filled)


def test_what_is_no_backup_is_refused(empty_database_url, tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UnreadableFile):
        restore(empty_database_url, tmp_path / "text")
    with pytest.raises(FileMissing):
        restore(empty_database_url, tmp_path / "absent")


def test_a_failure_quotes_no_record(filled, empty_database_url, tmp_path, monkeypatch):
    backup(filled, tmp_path / "all.dump")
    monkeypatch.setattr(module, "_count", lambda connection: 0)
    with psycopg.connect(without_driver(empty_database_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (wrong int)")
        with pytest.raises(BackupFailed) as failure:
            restore(empty_database_url, tmp_path / "all.dump")
    assert "already exists" in str(failure.value)
    assert "漢" not in str(failure.value)


def test_a_role_that_row_level_security_binds_is_refused_a_partial_backup(filled, postgres, ask, tmp_path):
    with login(ask, filled) as bound, pytest.raises(BackupFailed, match="BYPASSRLS"):
        backup(bound, tmp_path / "all.dump")
    assert not (tmp_path / "all.dump").exists()


@contextmanager
def login(ask, url):
    """The address as an ordinary role's."""
    name = f"test_{uuid4().hex}"
    ask(url, f"CREATE ROLE {name} LOGIN PASSWORD 'long enough'")
    try:
        yield make_url(url).set(username=name, password="long enough").render_as_string(hide_password=False)
    finally:
        ask(url, f"DROP ROLE {name}")


def test_programs_older_than_the_server_are_not_used(filled, tmp_path):
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.1'\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with pytest.raises(NoPostgres, match="pg_dump"):
        backup(filled, tmp_path / "all.dump", binaries=tmp_path)


def test_a_server_that_is_away_is_an_error_in_words(tmp_path):
    with pytest.raises(DatabaseUnreachable):
        backup("postgresql://me:x@127.0.0.1:1/nowhere", tmp_path / "all.dump")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="no PostgreSQL 15 here")
def test_newer_programs_back_up_and_restore_an_older_server(root, ask, tmp_path):
    with EmbeddedServer(root, fast=True, binaries=DEBIAN) as old:
        ask(old.url("postgres"), "CREATE DATABASE other")
        ask(old.url("postgres"), "CREATE ROLE fedcare_app")
        ask(old.url("postgres"), "CREATE TABLE kept AS SELECT generate_series(1, 10) AS n")
        newer = shutil.which("pg_dump", path=str(_wheel()))
        assert newer
        backup(old.url("postgres"), tmp_path / "old.dump", binaries=_wheel())
        restore(old.url("other"), tmp_path / "old.dump", binaries=_wheel())
        assert content(old.url("other")) == content(old.url("postgres"))


def _wheel() -> Path:
    from fedcare.db.binaries import find_binaries

    return find_binaries(program="pg_dump", wanted=18)
