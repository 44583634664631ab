"""A consortium as its real processes: gateway, door, worker and three nodes, whose records are one file each."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import make_url, select, text

from fedcare.db.database import Database, Scope
from fedcare.db.tables import training_rounds, training_runs
from fedcare.ports import free_port
from fedcare.supervision.child import Child
from fedcare.supervision.supervisor import Supervisor

NAMES = ("North", "South", "West")
TASK, SEED = "insurance-cost", 5
SETTINGS = ["--seed", str(SEED), "--set", "local.epochs=1", "--set", "min_available=3"]


def fedcare(*arguments, env=None, seconds=280):
    command = [sys.executable, "-m", "fedcare", *arguments, "--json"]
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Consortium:
    """The processes under a supervisor, and what a test knows of them."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url, self.lines = home, url, []
        self.gateway_port, self.door_port = free_port(), free_port()
        self.files = home / "files"
        self.institutions: dict[str, int] = {}
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
        for name in NAMES:
            with self.database.transaction(Scope.of(None)) as tx:
                adding = text("insert into institutions (name) values (:name) returning id")
                self.institutions[name] = tx.execute(adding, {"name": name}).scalar_one()
            self.rule(name)
            folder, _ = enrol(self.home / "node", coordinator, authority.token(name))
            source = RecordSource(source=f"csv:{self.files / f'{name}.csv'}")
            config = NodeConfig(institution=name, coordinator=coordinator, records={TASK: source})
            (folder / "node.toml").write_text(config.to_toml())

    def rule(self, name: str, on: bool = True) -> None:
        """Let an institution take up every plan of the task, or none that it has not approved."""
        place = self.institutions[name]
        with self.database.transaction(Scope.of(place)) as tx:
            tx.execute(text("delete from standing_rules where institution_id = :place"), {"place": place})
            if on:
                adding = (
                    "insert into standing_rules (institution_id, task, max_rounds_per_day) values (:place, :task, 1000)"
                )
                tx.execute(text(adding), {"place": place, "task": TASK})

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


@contextmanager
def running(postgres, template: str, server_folder: Path) -> Iterator[Consortium]:
    """All of its processes, on a database of its own; they end with the block."""
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
