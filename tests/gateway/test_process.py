"""``fedcare gateway`` as a real process: it starts, serves, is replaced where it dies, and stops with grace."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.gateway.process import answers, running, wait_for


@pytest.fixture
def start(gateway_login, tmp_path):
    """Starts ``fedcare gateway`` on a free port and waits until it answers; gives the process and its address."""
    with ExitStack() as started:
        yield lambda *options: started.enter_context(running(gateway_login, tmp_path / "home", *options))


def test_the_first_start_lets_the_first_administrator_in_once_and_stops_with_grace(start, postgres, database_url):
    process, address = start()
    token = wait_for(lambda: re.search(r"^(0\.\S{40,})$", "".join(process.said), re.MULTILINE))[1]
    mine = {"email": "first@consortium.example", "password": "a password of my own"}
    post = partial(httpx.post, timeout=60)
    made = post(f"{address}/api/auth/invitation", json=mine | {"token": token, "name": "The First"})
    assert made.status_code == 204
    assert post(f"{address}/api/auth/invitation", json=mine | {"token": token, "name": "X"}).status_code == 401
    session = post(f"{address}/api/auth/login", json=mine).json()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}

    # A request that cannot be answered yet is in flight when the stop is asked for.
    with psycopg.connect(database_url.replace("+psycopg", "")) as blocker:
        blocker.execute("lock table institutions in access exclusive mode")
        given = []
        ask = threading.Thread(
            target=lambda: given.append(httpx.get(f"{address}/api/institutions", headers=bearer, timeout=120))
        )
        ask.start()
        wait_for(lambda: waiting(postgres))
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: not answers(address))
        assert process.poll() is None
    ask.join()
    assert given[0].status_code == 200
    assert process.wait(120) == 0


def waiting(postgres):
    with psycopg.connect(postgres.address.replace("+psycopg", ""), autocommit=True) as connection:
        blocked = (
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%institutions.address%'"
        )
        return connection.execute(blocked).fetchone()


def test_a_worker_that_dies_is_replaced_and_all_end_with_their_supervisor(start):
    process, address = start("--workers", "2")
    workers = wait_for(lambda: children(process.pid) if len(children(process.pid)) == 2 else None)
    os.kill(workers[0], signal.SIGKILL)
    replaced = wait_for(lambda: set(children(process.pid)) - set(workers))
    assert answers(address, 60)
    everybody = {workers[1], *replaced}
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(pid) for pid in everybody))


def test_all_workers_stop_with_their_supervisor(start):
    process, address = start("--workers", "2")
    workers = children(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not any(alive(pid) for pid in workers)
    assert not answers(address)


def children(parent):
    """The processes that a parent started to answer requests."""
    listing = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)]
    found = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in found.splitlines() if "spawn_main" in line]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--host", "0.0.0.0"], "without TLS"),
        (["--tls-cert", "x.pem"], "go together"),
        (["--tls-cert", "x.pem", "--tls-key", "x.pem"], "no file x.pem"),
    ],
)
def test_what_would_be_unsafe_or_cannot_work_is_refused_in_words(options, code):
    command = [sys.executable, "-m", "fedcare", "gateway", *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert code in ran.stderr
