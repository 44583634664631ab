"""The parts of ``fedcare up`` that need no processes: where things listen, who may sign in, how a run is followed."""

import random
import socket
import stat
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from fedcare.cli import up_processes
from fedcare.cli.up_consortium import ADMIN, admit, allow, people
from fedcare.cli.up_demo import FIRST_RUNS, first_runs
from fedcare.cli.up_ports import Ports
from fedcare.cli.up_processes import Layout, lay_out
from fedcare.db.database import Database, Scope
from fedcare.db.runs import hold, set_status
from fedcare.errors import BadSetting, PortTaken, RunFailed
from fedcare.gateway.auth.passwords import Passwords

NAMES = ("Urban Hospital", "Children's Hospital")


@pytest.fixture
def database(database_url):
    made = Database(database_url, pool_size=1)
    yield made
    made.close()


@pytest.fixture
def owner(database_url):
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def test_a_second_start_finds_the_door_where_it_was_unless_somebody_took_its_port(tmp_path, monkeypatch):
    # Not the usual port, which belongs to whatever else runs here, nor one that any connection may be given.
    monkeypatch.setattr(up_processes, "USUAL_DOOR", port_that_nobody_is_given())
    first = laid_out(tmp_path, 3)
    again = laid_out(tmp_path)
    assert (first.door, again.door, again.institutions) == (up_processes.USUAL_DOOR, first.door, 3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first.door))
        assert laid_out(tmp_path).door != first.door


def test_two_that_start_at_once_choose_different_ports_and_keep_them(tmp_path, monkeypatch):
    # Neither listens anywhere yet.
    monkeypatch.setattr(up_processes, "USUAL_DOOR", port_that_nobody_is_given())
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with Ports() as here, Ports() as there:
        one = lay_out(tmp_path / "one", "postgresql://", 0, 3, here)
        other = lay_out(tmp_path / "other", "postgresql://", 0, 3, there)
        assert one.door == up_processes.USUAL_DOOR
        assert len({one.door, one.port, other.door, other.port}) == 4
        with pytest.raises(PortTaken):
            lay_out(tmp_path / "other", "postgresql://", one.port, 3, there)
    assert (laid_out(tmp_path / "one").door, laid_out(tmp_path / "other").door) == (one.door, other.door)


def laid_out(home: Path, institutions: int | None = None) -> Layout:
    """As a start that has ended since."""
    with Ports() as ports:
        return lay_out(home, "postgresql://", 0, institutions, ports)


def port_that_nobody_is_given() -> int:
    """A free port below those that the system gives to whoever asks for any."""
    while True:
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", random.randrange(20000, 30000)))
            return found.getsockname()[1]


def test_a_port_that_is_taken_and_another_number_of_institutions_are_refused(tmp_path):
    laid_out(tmp_path, 3)
    with pytest.raises(BadSetting, match="was made for 3"):
        laid_out(tmp_path, 4)
    with socket.socket() as taken, Ports() as ports:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(PortTaken):
            lay_out(tmp_path, "postgresql://", taken.getsockname()[1], None, ports)


def test_institutions_and_their_rules_are_made_once(database, owner):
    places = admit(database, NAMES)
    assert [(place.name, place.slug) for place in places] == [
        ("Urban Hospital", "urban-hospital"),
        ("Children's Hospital", "children-s-hospital"),
    ]
    assert admit(database, NAMES) == places
    allow(database, places, ["insurance-cost"])
    owner.execute("update standing_rules set max_rounds_per_day = 7 where institution_id = 1")
    allow(database, places, ["insurance-cost"])
    rules = owner.execute("select institution_id, max_rounds_per_day from standing_rules order by 1").fetchall()
    assert rules == [(1, 7), (2, 1000)]
    assert owner.execute("select count(*) from audit_log where action = 'plans.change_rule'").fetchone() == (2,)


def test_the_people_of_a_demonstration_share_a_password_that_is_kept_private(database, owner, tmp_path):
    places, kept = admit(database, NAMES), tmp_path / "keys" / "demo-login"
    login = people(database, places, kept)
    assert login.email == ADMIN
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert people(database, places, kept) == login
    rows = owner.execute("select email, password_hash from medical_workers order by email").fetchall()
    assert [email for email, _ in rows] == sorted(
        [ADMIN, *(f"{role}@{place.slug}.example" for place in places for role in ("admin", "doctor"))]
    )
    assert all(Passwords().check(login.password, hashed) for _, hashed in rows)


def test_nobody_is_made_where_the_consortium_has_an_administrator(database, owner, tmp_path):
    owner.execute(
        "insert into medical_workers (id, email, name, role) values (gen_random_uuid(), 'a@b.example', 'A', 'admin')"
    )
    assert people(database, admit(database, NAMES), tmp_path / "demo-login") is None
    assert owner.execute("select count(*) from medical_workers").fetchone() == (1,)


def test_a_first_run_that_fails_says_why_and_is_not_asked_for_twice(database, owner, tmp_path):
    layout = laid_out(tmp_path, 2)
    said = []

    def say(text: str) -> None:
        said.append(text)
        asked = "select id from training_runs where task = 'insurance-cost' order by id desc limit 1"
        newest = owner.execute(asked).fetchone()[0]
        with database.transaction(Scope.of(None)) as tx:
            set_status(tx, hold(tx, newest), "failed", reason="nobody came")

    for _ in range(2):
        with pytest.raises(RunFailed, match="nobody came"):
            first_runs(database, layout, 2, say)
    assert said[0] == "Training insurance-cost over 2 institutions."
    tasks = [row[0] for row in owner.execute("select task from training_runs order by id").fetchall()]
    # The failed one is asked for anew; the other still waits in the queue.
    assert sorted(tasks) == sorted([*FIRST_RUNS, "insurance-cost"])
