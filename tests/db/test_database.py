"""Transactions: what is told to be stored is stored, what fails leaves nothing, a lost server comes back."""

import os
import signal
import threading
import time

import psycopg
import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from fedcare.db.database import Database, Scope
from fedcare.db.embedded import EmbeddedServer
from fedcare.db.migrate import upgrade
from fedcare.db.tables import institutions
from fedcare.db.urls import without_driver
from fedcare.errors import BadSetting, DatabaseUnavailable

CONSORTIUM = Scope(0)


@pytest.fixture
def opened():
    """Opens databases; each is closed after the test."""
    made = []

    def open_database(url: str, **options) -> Database:
        made.append(Database(url, **options))
        return made[-1]

    yield open_database
    for one in made:
        one.close()


@pytest.fixture
def database(database_url, opened) -> Database:
    return opened(database_url, pool_size=1, overflow=0, patience=0.3)


def add(database: Database, name: str) -> None:
    with database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values(name=name))


def names(database: Database) -> list[str]:
    with database.transaction(CONSORTIUM) as tx:
        return list(tx.execute(select(institutions.c.name).order_by(institutions.c.id)).scalars())


def run_as_owner(url: str, statement: str) -> None:
    with psycopg.connect(without_driver(url), autocommit=True) as connection:
        connection.execute(statement)


# -- commits ----------------------------------------------------------------------------------------------------------


def test_what_ends_well_is_stored_and_what_raises_is_not(database):
    add(database, "kept")
    with pytest.raises(ZeroDivisionError), database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values(name="lost"))
        raise ZeroDivisionError
    assert names(database) == ["kept"]


def test_a_commit_that_fails_on_a_deferred_constraint_raises_and_stores_nothing(database_url, database):
    run_as_owner(
        database_url,
        """
        alter table institutions add constraint late unique (address) deferrable initially deferred;
        """,
    )
    with pytest.raises(IntegrityError), database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values([{"name": "one"}, {"name": "two"}]))
    assert names(database) == []


def test_a_backend_killed_before_the_commit_is_a_failure_and_stores_nothing(database_url, database):
    with pytest.raises(DatabaseUnavailable), database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values(name="lost"))
        pid = tx.execute(text("select pg_backend_pid()")).scalar_one()
        run_as_owner(database_url, f"select pg_terminate_backend({pid}, 60000)")
    assert names(database) == []


def test_a_failure_that_was_swallowed_cannot_pass_for_a_commit(database):
    with pytest.raises(RuntimeError, match="nothing of it"), database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values(name="lost"))
        with pytest.raises(ProgrammingError):
            tx.execute(text("select nonsense"))
    assert names(database) == []


def test_a_failure_inside_a_savepoint_may_be_survived(database):
    with database.transaction(CONSORTIUM) as tx:
        tx.execute(insert(institutions).values(name="kept"))
        with pytest.raises(IntegrityError), tx.begin_nested():
            tx.execute(insert(institutions).values(name="kept"))
    assert names(database) == ["kept"]


# -- the pool ---------------------------------------------------------------------------------------------------------


def test_a_scope_does_not_reach_the_next_user_of_a_connection(database):
    read = text(
        "select pg_backend_pid(), current_setting('app.institution_id', true), current_setting('app.email', true)"
    )
    with database.transaction(Scope(7, email="a@example.org")) as tx:
        pid = tx.execute(read).one()[0]
    with pytest.raises(ZeroDivisionError), database.transaction(Scope(8, email="b@example.org")):
        raise ZeroDivisionError
    with database.transaction(Scope(None)) as tx:
        assert tx.execute(read).one() == (pid, "", "")
    with database.engine.begin() as connection:
        assert connection.execute(read).one() == (pid, "", "")


def test_every_connection_acts_as_the_application_in_utc_and_within_limits(database):
    with database.transaction(Scope(None)) as tx:
        assert tx.execute(text("select current_user")).scalar_one() == "fedcare_app"
        settings = ("timezone", "statement_timeout", "idle_in_transaction_session_timeout")
        assert [tx.execute(text(f"show {name}")).scalar_one() for name in settings] == ["UTC", "30s", "1min"]


def test_a_pool_in_full_use_is_told_within_its_patience(database):
    assert database.engine.pool.timeout() == 0.3
    with database.transaction(CONSORTIUM), pytest.raises(DatabaseUnavailable), database.transaction(CONSORTIUM):
        pass
    assert names(database) == []


def test_the_wait_for_a_connection_is_five_seconds_unless_told(database_url, opened):
    assert opened(database_url).engine.pool.timeout() == 5


def test_a_statement_without_end_is_cut_off(database):
    with pytest.raises(DatabaseUnavailable), database.transaction(CONSORTIUM) as tx:
        tx.execute(text("set local statement_timeout = 50"))
        tx.execute(text("select pg_sleep(10)"))
    assert names(database) == []


def test_an_idle_transaction_is_ended_and_told(database, database_url, ask):
    with pytest.raises(DatabaseUnavailable), database.transaction(CONSORTIUM) as tx:
        pid = tx.execute(text("select pg_backend_pid()")).scalar_one()
        tx.execute(text("set local idle_in_transaction_session_timeout = 50"))
        _await(lambda: not ask(database_url, f"select 1 from pg_stat_activity where pid = {pid}"))
        tx.execute(text("select 1"))
    assert names(database) == []


def test_connections_that_died_in_the_pool_are_replaced_without_a_failure(database_url, database, postgres):
    add(database, "before")
    run_as_owner(
        database_url,
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()",
    )
    assert names(database) == ["before"]


# -- the server -------------------------------------------------------------------------------------------------------


def test_a_killed_server_is_told_and_found_again_without_a_restart_of_ours(root, opened):
    with EmbeddedServer(root) as server:  # Not fast: what was committed has to outlive the kill.
        upgrade(server.url("postgres"))
        database = opened(server.url("postgres"))
        stored: list[str] = []
        refused: list[str] = []
        done = threading.Event()

        def write(writer: int) -> None:
            for number in range(10_000):
                if done.is_set():
                    return
                name = f"{writer}-{number}"
                try:
                    add(database, name)
                except DatabaseUnavailable:
                    refused.append(name)
                    time.sleep(0.02)
                else:
                    stored.append(name)

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
        for writer in writers:
            writer.start()
        _await(lambda: len(stored) > 10)
        os.kill(server.pid, signal.SIGKILL)
        _await(lambda: refused)
        before = len(stored)
        _await(lambda: len(stored) > before + 10)
        done.set()
        for writer in writers:
            writer.join()
        found = names(database)
    # What was said to be stored is there once; what was refused is whole or absent.
    assert set(stored) <= set(found)
    assert len(found) == len(set(found))
    assert set(found) <= {*stored, *refused}


def _await(condition, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_server_that_was_never_there_is_unavailable(opened):
    with pytest.raises(DatabaseUnavailable), opened("postgresql://nobody@127.0.0.1:1/x").transaction(CONSORTIUM):
        pass


@pytest.mark.parametrize("address", ["", "nonsense", "mysql://a:secret@b/c", "sqlite:///x"])
def test_an_address_of_something_else_is_refused_and_not_shown(address):
    with pytest.raises(BadSetting) as refused:
        Database(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_way_to_write_the_address_works(database_url, opened, scheme):
    url = database_url.replace("postgresql+psycopg", scheme, 1)
    assert names(opened(url)) == []
    engine = create_engine(opened(url).url)
    assert engine.dialect.driver == "psycopg"
    engine.dispose()
