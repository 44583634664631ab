"""The embedded server survives what happens to processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from fedcare.db.cluster import explain
from fedcare.db.embedded import EmbeddedServer
from fedcare.errors import NoPostgres, PostgresFailed

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and a parent-death signal")


def soon(condition: Callable[[], object], seconds: float = 120) -> bool:
    """Whether it becomes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def answers(ask, url) -> bool:
    try:
        return ask(url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def test_a_server_starts_stops_and_keeps_its_rows_its_port_and_its_password(made, ask, servers_in):
    with EmbeddedServer(made, fast=True) as server:
        assert server.is_owner
        first = server.url("postgres")
        ask(first, "CREATE TABLE kept AS SELECT 7 AS n")
    assert not servers_in(made)
    with EmbeddedServer(made, fast=True) as server:
        assert server.url("postgres") == first
        assert ask(first, "SELECT n FROM kept") == [(7,)]


def test_nobody_gets_in_without_the_password(root, ask):
    with EmbeddedServer(root, fast=True) as server:
        for password in (None, "", "postgres"):
            with pytest.raises(psycopg.OperationalError):
                ask(server.url("postgres", "postgres", password), "SELECT 1")


def test_it_listens_on_this_machine_only_and_logs_no_values(made, ask):
    with EmbeddedServer(made, fast=True) as server:
        url = server.url("postgres")
        assert ask(url, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert ask(url, "SHOW unix_socket_directories") == [("",)]
        ask(url, "CREATE TABLE secrets (name text UNIQUE, age int CHECK (age < 130))")
        ask(url, "INSERT INTO secrets VALUES ('Marguerite', 40)")
        for statement in (
            "INSERT INTO secrets VALUES ('Marguerite', 41)",
            "INSERT INTO secrets VALUES ('Odile', 987654321)",
        ):
            with pytest.raises(psycopg.IntegrityError):
                ask(url, statement)
        log = server.log.read_text()
    assert "ready to accept connections" in log
    assert not any(value in log for value in ("Marguerite", "Odile", "987654321"))


def test_its_files_are_readable_by_their_owner_alone(root):
    with EmbeddedServer(root, fast=True) as server:
        for name in ("password", "owner.lock", "postgres.log"):
            assert (root / name).stat().st_mode & 0o077 == 0, name
        assert (root / "data").stat().st_mode & 0o077 == 0
        assert root.stat().st_mode & 0o066 == 0
        assert server.log == root.resolve() / "postgres.log"


@linux
def test_after_kill_9_of_the_owner_no_orphan_stays_and_no_row_is_lost(made, ask, holder, servers_in):
    owner = holder(made)
    url = owner.ready()["url"]
    ask(url, "CREATE TABLE kept (n int)")
    ask(url, "INSERT INTO kept SELECT generate_series(1, 1000)")
    owner.kill()
    assert soon(lambda: not servers_in(made))
    with EmbeddedServer(made) as server:
        assert server.is_owner
        assert ask(server.url("postgres"), "SELECT count(*), max(n) FROM kept") == [(1000, 1000)]


@linux
def test_a_start_right_after_kill_9_waits_for_the_old_server_to_go(made, ask, holder):
    owner = holder(made)
    ask(owner.ready()["url"], "CREATE TABLE kept AS SELECT generate_series(1, 100000) AS n")
    owner.kill()
    with EmbeddedServer(made) as server:
        assert ask(server.url("postgres"), "SELECT count(*) FROM kept") == [(100000,)]


@linux
def test_a_server_that_is_killed_is_started_again_on_the_same_port(made, ask):
    with EmbeddedServer(made) as server:
        url = server.url("postgres")
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        assert soon(lambda: server.pid != killed and answers(ask, url))
        assert ask(url, "SELECT n FROM kept") == [(7,)]


def test_a_second_process_on_the_folder_is_a_guest_of_the_same_server(made, ask, holder):
    with EmbeddedServer(made, fast=True) as server:
        ask(server.url("postgres"), "CREATE TABLE shared AS SELECT 7 AS n")
        guest = holder(made)
        said = guest.ready()
        assert said == {"url": server.url("postgres"), "owner": False, "pid": None}
        assert ask(said["url"], "SELECT n FROM shared") == [(7,)]
        guest.end()
        assert answers(ask, server.url("postgres"))


def test_two_processes_that_start_at_once_on_a_fresh_folder_share_one_server(root, ask, holder):
    both = [holder(root) for _ in range(3)]
    said = [one.ready() for one in both]
    assert sorted(one["owner"] for one in said) == [False, False, True]
    assert len({one["url"] for one in said}) == 1
    assert answers(ask, said[0]["url"])


@pytest.mark.parametrize("ending", ["end", "kill"])
def test_a_guest_takes_the_server_over_when_its_owner_ends(made, ask, holder, ending):
    owner = holder(made)
    url = owner.ready()["url"]
    with EmbeddedServer(made) as guest:
        assert not guest.is_owner
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        getattr(owner, ending)()
        assert soon(lambda: guest.pid and answers(ask, url))
        assert guest.is_owner
        assert guest.url("postgres") == url
        assert ask(url, "SELECT n FROM kept") == [(7,)]


@linux
@pytest.mark.parametrize("kind", ["another program", "a zombie", "nobody"])
def test_a_pid_file_whose_pid_means_something_else_now_is_no_obstacle(made, ask, kind):
    with EmbeddedServer(made, fast=True) as server:
        owner = (made / "data").stat()
        pid_file = made / "data" / "postmaster.pid"
        left = pid_file.read_text().splitlines()
    other = subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid) if os.geteuid() == 0 else None
    other = other or subprocess.Popen(["sleep", "60"])
    try:
        if kind != "another program":
            other.kill()
            assert soon(lambda: "Z" in Path(f"/proc/{other.pid}/stat").read_text().rsplit(")", 1)[1][:3])
        if kind == "nobody":
            other.wait()
        pid_file.write_text("\n".join([str(other.pid), *left[1:]]) + "\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with EmbeddedServer(made, fast=True) as server:
            assert answers(ask, server.url("postgres"))
        assert kind != "another program" or other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_start_from_a_thread_that_ends_keeps_its_server(made, ask):
    server = EmbeddedServer(made, fast=True)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    try:
        time.sleep(0.3)
        assert answers(ask, server.url("postgres"))
    finally:
        server.stop()


def test_a_first_start_that_was_cut_short_leaves_nothing_in_the_way(root, ask):
    (root / "data.new-1234").mkdir(parents=True)
    root.chmod(0o711)
    (root / "data.new-1234" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(root, fast=True) as server:
        assert answers(ask, server.url("postgres"))
    assert not list(root.glob("data.new-*"))


def test_a_port_that_somebody_took_meanwhile_is_not_insisted_on(made, ask):
    with EmbeddedServer(made, fast=True) as server:
        taken = server.port
    import socket

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()
        with EmbeddedServer(made, fast=True) as server:
            assert server.port != taken
            assert answers(ask, server.url("postgres"))


def test_the_first_start_says_that_it_takes_longer_and_the_second_says_nothing(root):
    said: list[str] = []
    for _ in range(2):
        with EmbeddedServer(root, fast=True, say=said.append):
            pass
    assert said == ["Preparing the database for the first time"]


def test_data_of_another_version_is_refused_with_what_to_do(made):
    with EmbeddedServer(made, fast=True):
        pass
    (made / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresFailed, match=r"PostgreSQL 12 and the programs are .* FEDCARE_PG_BIN"):
        EmbeddedServer(made).start()


def test_a_server_that_cannot_start_says_why_and_where_its_log_is(made):
    with EmbeddedServer(made, fast=True) as server:
        pass
    (made / "data" / "postgresql.conf").write_text("shared_buffers = lots\n")
    with pytest.raises(PostgresFailed) as refused:
        server.start()
    assert "configuration file" in str(refused.value)
    assert str(server.log) in str(refused.value)
    assert not server.is_owner


def test_no_programs_is_a_clear_error(root):
    with pytest.raises(NoPostgres, match="FEDCARE_PG_BIN"):
        EmbeddedServer(root, binaries=root / "nothing").start()


def test_a_forked_child_does_not_keep_the_folder_from_the_next_owner(made, ask):
    server = EmbeddedServer(made, fast=True)
    server.start()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        server.stop()
        with EmbeddedServer(made, fast=True) as after:
            assert after.is_owner
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("initdb: error: could not write: No space left on device", "the disk is full"),
        ("2026-01-01 UTC [12] FATAL:  data directory has wrong ownership\n... [12] HINT:  x", "wrong ownership"),
        ("", "it said nothing"),
    ],
)
def test_what_postgres_says_of_a_failure_is_told_in_one_sentence(said, told):
    assert told in explain(said)
    assert "\n" not in explain(said)


def test_an_owner_that_ends_waits_for_a_guest_in_the_middle_of_something(made, holder):
    owner = holder(made)
    url = owner.ready()["url"]
    with (
        EmbeddedServer(made, undisturbed=True) as guest,
        psycopg.connect(url.replace("+psycopg", "")) as connection,
    ):
        owner.process.stdin.close()
        time.sleep(1)
        assert owner.process.poll() is None
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not guest.is_owner
    assert owner.process.wait(120) == 0
