"""The real processes, killed at random moments: the weights are those of a simulation, bit for bit."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url, select, text

from fedcare.aggregation.checkpoint import load
from fedcare.db.database import Database, Scope
from fedcare.db.tables import model_versions, training_rounds, training_runs
from fedcare.federation.superlink import places
from fedcare.supervision.child import Child
from fedcare.supervision.supervisor import Supervisor

NAMES = ("North", "South", "West")
TASK, SEED = "insurance-cost", 5
SETTINGS = ["--seed", str(SEED), "--set", "local.epochs=1", "--set", "min_available=3"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def fedcare(*arguments, env=None, seconds=280):
    command = [sys.executable, "-m", "fedcare", *arguments, "--json"]
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Consortium:
    """Gateway, door, worker and three nodes, whose records are one file each."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url, self.lines = home, url, []
        self.gateway_port, self.door_port = free_port(), free_port()
        self.files = home / "files"
        self.database = Database(url, pool_size=1)
        self.env = os.environ | self.environment
        self.supervisor = Supervisor(home / "logs", self.lines.append)

    @property
    def environment(self) -> dict[str, str]:
        gateway = f"http://127.0.0.1:{self.gateway_port}"
        return {
            "FEDCARE_HOME": str(self.home),
            "DATABASE_URL": self.url,
            "FEDCARE_GATEWAY_URL": gateway,
            "OMP_NUM_THREADS": "1",
        }

    def start(self) -> None:
        gateway = (sys.executable, "-m", "fedcare", "gateway", "--port", str(self.gateway_port), "--supervised")
        ports = ("--host", "127.0.0.1", "--port", str(self.door_port))
        door = (sys.executable, "-m", "fedcare.federation.superlink", *ports)
        worker = (sys.executable, "-m", "fedcare.federation.work")
        address = self.home / "superlink" / "address.json"
        self.supervisor.__enter__()
        self.supervisor.start(
            [
                Child("gateway", gateway, self.environment, self._answers, 120),
                Child("door", door, self.environment, address.exists, 120),
            ]
        )
        self._admit()
        self.supervisor.start(
            [
                Child("worker", worker, self.environment),
                *(Child(name, (sys.executable, "-m", "fedcare", "node", "run", "--institution", name), self.environment)
                  for name in NAMES),
            ]
        )  # fmt: skip

    def _answers(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.gateway_port}/api/health", timeout=2) as answer:
            return answer.status == 200

    def _admit(self) -> None:
        """Institutions, each with its file, a standing rule and a certificate."""
        from fedcare.federation.door.client import enrol
        from fedcare.federation.node.config import NodeConfig, RecordSource
        from fedcare.trust.authority import Authority

        authority, coordinator = Authority.open(self.home / "consortium"), f"127.0.0.1:{self.door_port}"
        rule = "insert into standing_rules (institution_id, task, max_rounds_per_day) values (:place, :task, 1000)"
        for name in NAMES:
            with self.database.transaction(Scope.of(None)) as tx:
                adding = text("insert into institutions (name) values (:name) returning id")
                place = tx.execute(adding, {"name": name}).scalar_one()
            with self.database.transaction(Scope.of(place)) as tx:
                tx.execute(text(rule), {"place": place, "task": TASK})
            folder, _ = enrol(self.home / "node", coordinator, authority.token(name))
            source = RecordSource(source=f"csv:{self.files / f'{name}.csv'}")
            config = NodeConfig(institution=name, coordinator=coordinator, records={TASK: source})
            (folder / "node.toml").write_text(config.to_toml())

    def simulate(self, out: Path, rounds: int, *words: str) -> None:
        arguments = ["simulate", TASK, "--data", str(self.files), "--partition", "files", "--engine", "inprocess"]
        fedcare(*arguments, "--rounds", str(rounds), *SETTINGS, *words, "--out", str(out), env=self.env)

    def train(self, rounds: int, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "fedcare", "train", TASK, "--rounds", str(rounds), *SETTINGS, *words, "--json"]
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, rounds: int):
        """The newest run with so many rounds, once it is there."""
        query = select(training_runs).where(training_runs.c.rounds == rounds).order_by(training_runs.c.id.desc())
        with self.database.transaction(Scope.of(None)) as tx:
            return tx.execute(query.limit(1)).first()

    def rounds(self, run: UUID) -> list:
        with self.database.transaction(Scope.of(None)) as tx:
            query = select(training_rounds).where(training_rounds.c.run_id == run)
            return list(tx.execute(query.order_by(training_rounds.c.round_number)))

    def runner(self, run: UUID) -> int | None:
        """The process that carries a run."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if path.read_bytes().split(b"\0")[1:4] == [b"-m", b"fedcare.federation.run", str(run).encode()]:
                    return int(path.parent.name)
        return None

    def kill(self, what: str, run: UUID) -> bool:
        pid = self.runner(run) if what == "runner" else self.supervisor.pids().get(what)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def folder(self, run: UUID) -> Path:
        return self.home / "runs-federation" / str(run)

    def close(self) -> None:
        self.supervisor.stop()
        self.database.close()


@pytest.fixture(scope="module")
def consortium(postgres, template, server_folder):
    from fedcare.data.sources.csv_table import write_table
    from fedcare.data.sources.synthetic_insurance import generate
    from fedcare.tasks.registry import get

    home = server_folder / uuid4().hex
    (home / "files").mkdir(parents=True)
    for place, name in enumerate(NAMES):
        records = generate(60 + 20 * place, SEED + place).records
        write_table(home / "files" / f"{name}.csv", get(TASK).records, records)
    name, login, password = postgres.create(template), f"login_{uuid4().hex}", uuid4().hex
    postgres.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{password}' IN ROLE fedcare_app")
    url = make_url(postgres.url(name)).set(username=login, password=password)
    made = Consortium(home, url.render_as_string(hide_password=False))
    try:
        made.start()
        yield made
    finally:
        made.close()
        postgres.drop(name)
        postgres.execute(f"DROP ROLE {login}")


def complete(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    return json.loads(out)


def same_bits(one: Path, other: Path) -> bool:
    first, second = load(one), load(other)
    return first.vector.tobytes() == second.vector.tobytes() and first.best.tobytes() == second.best.tobytes()


def test_real_nodes_give_the_bits_of_a_simulation_and_a_signed_version_that_answers(consortium, tmp_path):
    process = consortium.train(3)
    consortium.simulate(tmp_path / "run", 3)
    result = complete(process)
    run = UUID(result["run"])
    assert same_bits(consortium.folder(run), tmp_path / "run")
    assert result["status"] == "completed" and result["decision"]["activate"]
    rounds = consortium.rounds(run)
    assert [(each.round_number, each.clients_participated) for each in rounds] == [(1, 3), (2, 3), (3, 3)]
    with consortium.database.transaction(Scope.of(None)) as tx:
        active = tx.execute(select(model_versions).where(model_versions.c.is_active)).one()
    assert active.version == result["version"] and active.signature
    released = json.loads((consortium.home / "released" / "index.json").read_text())
    assert [each["version"] for each in released] == [result["version"]]


def test_kills_at_random_moments_change_no_bit(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 40)
    process, chance = consortium.train(40), random.Random(3)
    while (row := consortium.run(40)) is None:
        time.sleep(0.1)
    victims = ["runner", "South", "worker", "door", "gateway", "runner"]
    killed = []
    for victim in victims:
        reached = len(consortium.rounds(row.id))
        until = time.monotonic() + 60
        while len(consortium.rounds(row.id)) <= reached and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.5))
        if process.poll() is None and consortium.kill(victim, row.id):
            killed.append(victim)
    result = complete(process)
    assert same_bits(consortium.folder(row.id), tmp_path / "run"), killed
    assert len(killed) >= 4, killed
    assert result["attempts"] > 1
    assert len(consortium.rounds(row.id)) == 40


def test_secure_sums_over_real_nodes_give_the_bits_of_a_simulation_also_after_a_kill(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 6, "--secure")
    process = consortium.train(6, "--secure")
    while (row := consortium.run(6)) is None or not consortium.rounds(row.id):
        time.sleep(0.02)
    assert consortium.kill("runner", row.id)
    result = complete(process)
    assert result["attempts"] == 2
    assert same_bits(consortium.folder(row.id), tmp_path / "run")
    assert [each.clients_participated for each in consortium.rounds(row.id)] == [3] * 6
    assert load(consortium.folder(row.id)).announced.keys() == {"group 1"}
    with consortium.database.transaction(Scope.of(None)) as tx:
        place = tx.execute(text("select id from institutions where name = 'North'")).scalar_one()
    with consortium.database.transaction(Scope.of(place)) as tx:
        query = text("select distinct kind from egress_log where run = :run")
        left = set(tx.execute(query, {"run": str(row.id)}).scalars())
    assert {"keys", "sealed shares", "masked statistics", "masked update", "masked evaluation"} <= left
    assert not left & {"statistics", "support", "update", "evaluation", "calibration"}


def test_a_door_that_is_killed_costs_the_run_no_attempt_and_no_bit(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 15)
    process = consortium.train(15)
    while (row := consortium.run(15)) is None or not consortium.rounds(row.id):
        time.sleep(0.02)
    before = places.address(consortium.home)
    assert consortium.kill("door", row.id)
    result = complete(process)
    after = places.address(consortium.home)
    assert after.life != before.life and after.private == before.private
    assert result["attempts"] == 1, (consortium.folder(row.id) / "runner.log").read_text()
    assert same_bits(consortium.folder(row.id), tmp_path / "run")


def test_a_node_that_is_too_slow_is_left_out_and_recorded_and_joins_again(consortium):
    process = consortium.train(400, "--set", "min_available=2", "--set", "grace=3", "--set", "deadline=20")
    while (row := consortium.run(400)) is None:
        time.sleep(0.05)

    def rounds():
        state = load(consortium.folder(row.id))
        return state.history if state else []

    def first(found):
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            if (number := next((each.round for each in rounds() if found(each)), None)) is not None:
                return number
            time.sleep(0.02)
        raise AssertionError([(each.round, each.participants, each.dropped) for each in rounds()])

    first(lambda each: each.round >= 2)
    slow = consortium.supervisor.pids()["South"]
    os.kill(slow, signal.SIGSTOP)
    try:
        missed = first(lambda each: "South" in each.dropped and "South" not in each.participants)
    finally:
        os.kill(slow, signal.SIGCONT)
    back = first(lambda each: each.round > missed and "South" in each.participants)
    first(lambda each: each.round > back)
    fedcare("train", "--stop", str(row.id), env=consortium.env)
    process.communicate(timeout=60)
    history = {each.round: each for each in rounds()}
    assert "no answer within" in history[missed].dropped["South"]
    assert set(history[missed].participants) == {"North", "West"}
    assert sum(each.late_answers for each in history.values()) >= 1
    with consortium.database.transaction(Scope.of(None)) as tx:
        query = text("select clients_participated from training_rounds where run_id = :run and round_number = :missed")
        assert tx.execute(query, {"run": row.id, "missed": missed}).scalar_one() == 2


def test_a_run_that_is_stopped_ends_within_seconds_and_keeps_its_rounds(consortium):
    process = consortium.train(500)
    while (row := consortium.run(500)) is None or not consortium.rounds(row.id):
        time.sleep(0.1)
    asked = time.monotonic()
    fedcare("train", "--stop", str(row.id), env=consortium.env)
    process.communicate(timeout=60)
    assert time.monotonic() - asked < 30
    assert consortium.run(500).status == "stopped"
    until = time.monotonic() + 15
    while consortium.runner(row.id) is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert consortium.runner(row.id) is None
