"""A SuperLink for all of these tests, and a node for each, in a thread or as a process."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from fedcare.aggregation.planning import plan_of
from fedcare.data.sources.csv_table import write_table
from fedcare.data.sources.synthetic_insurance import generate
from fedcare.federation.node.config import RecordSource
from fedcare.settings import settings
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get


@pytest.fixture(scope="session")
def consortium(tmp_path_factory):
    from tests.federation.node.consortium import Consortium

    made = Consortium(tmp_path_factory.mktemp("consortium"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FEDCARE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def plan():
    """A plan of the insurance task with two short rounds; keywords are settings."""

    def make(seed=42, **more):
        chosen = {"rounds.rounds": "2", "local.epochs": "1"} | {k.replace("__", "."): str(v) for k, v in more.items()}
        return plan_of(apply(get("insurance-cost"), chosen), seed)

    return make


@pytest.fixture
def csv_source(tmp_path) -> str:
    """Sixty rows of the insurance task as a node's source."""
    write_table(tmp_path / "rows.csv", get("insurance-cost").records, generate(60, 7).records)
    return f"csv:{tmp_path / 'rows.csv'}"


@pytest.fixture
def store_of(database_url, gateway_login):
    """The part of a database that belongs to an institution, which is made."""
    import sqlalchemy

    from fedcare.db.database import Database, Scope
    from fedcare.db.tables import institutions
    from fedcare.federation.node.store import NodeStore

    pool = Database(gateway_login, pool_size=2, overflow=4)

    def make(name):
        with pool.transaction(Scope.of(None)) as tx:
            tx.execute(sqlalchemy.insert(institutions).values(name=name, address=""))
        return NodeStore(pool, name)

    yield make
    pool.close()


@pytest.fixture
def unconnected(home, store_of, csv_source, tmp_path):
    """Makes a node that is connected to nothing; ``Direct`` asks it."""
    from tests.federation.node.consortium import configure

    from fedcare.trust import identity
    from fedcare.trust.authority import Authority

    def make(name="Hospital A", records=None, **more):
        source = {"insurance-cost": RecordSource(source=csv_source)} if records is None else records
        authority = Authority.open(tmp_path / "consortium")
        folder = home / "node" / "here"
        identity.make_key(folder)
        certificate = authority.enrol(identity.csr(folder, name), authority.token(name))
        identity.keep(folder, certificate, authority.ca_pem)
        return Node(name, configure(folder, name, "127.0.0.1:1", records=source, **more), store_of(name))

    return make


@pytest.fixture
def node(consortium, home, store_of, csv_source):
    """Starts a node in a thread, for an institution of its own."""
    from tests.federation.node.consortium import wait_for

    running = []

    def start(records=None, **more):
        source = {"insurance-cost": RecordSource(source=csv_source)} if records is None else records
        name = f"Hospital {uuid4().hex[:8]}"
        folder = consortium.enrol(home, name, records=source, **more)
        made = Node(name, folder, store_of(name))
        running.append(made)
        made.start()
        wait_for(lambda: made.agent.state == "waiting")
        return made

    yield start
    for each in running:
        each.stop()


class Node:
    """An agent, and what its institution can do and see."""

    def __init__(self, name, folder, store) -> None:
        from fedcare.federation.node.agent import Agent

        self.name, self.folder, self.store = name, folder, store
        self.agent = Agent(folder, folder.config(), store)
        self.thread = threading.Thread(target=self.agent.run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.agent.stop()
        self.thread.join(240)
        assert not self.thread.is_alive()

    def approve(self, plan, approved=True, how="command line", reason=None) -> None:
        from fedcare.federation.node import plans

        with self.store.transaction() as tx:
            plans.keep(tx, plan.hash, plan.canonical())
            plans.decide(tx, self.store.institution_id, plan.hash, approved, how, reason)

    def egress(self):
        from fedcare.federation.node import egress

        with self.store.transaction() as tx:
            return egress.listed(tx, 100)


@pytest.fixture
def process(consortium, home, store_of, csv_source, gateway_login):
    """A node as the command line starts it, for an institution whose standing rule lets the test's plans pass."""
    from fedcare.federation.node import rules

    name = f"Hospital {time.monotonic_ns()}"
    folder = consortium.enrol(home, name, records={"insurance-cost": RecordSource(source=csv_source)})
    store = store_of(name)
    with store.transaction() as tx:
        rules.set_rule(tx, store.institution_id, "insurance-cost", 1000, None)
    made = Process(name, folder, store, home, gateway_login)
    made.start()
    yield made
    made.stop()


class Process:
    """``fedcare node run``."""

    def __init__(self, name, folder, store, home, database) -> None:
        self.name, self.folder, self.store = name, folder, store
        self.log = home / "node.log"
        self.environment = os.environ | {
            "FEDCARE_HOME": str(home), "DATABASE_URL": database, "OMP_NUM_THREADS": "1",
        }  # fmt: skip

    def start(self) -> None:
        command = [sys.executable, "-m", "fedcare", "node", "run", "--institution", self.name]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def stop(self, number=signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(240)

    def said(self, text, times=1) -> bool:
        # Whole words: a server that "disconnected" has not connected.
        return len(re.findall(rf"\b{re.escape(text)}\b", self.log.read_text())) >= times

    def connected(self, times=1) -> None:
        from tests.federation.node.consortium import wait_for

        try:
            wait_for(lambda: self.said("connected", times))
        except AssertionError:
            raise AssertionError(self.log.read_text()[-3000:]) from None

    def egress(self):
        from fedcare.federation.node import egress

        with self.store.transaction() as tx:
            return egress.listed(tx, 100)


@pytest.fixture
def run_of(consortium):
    """Starts a run over the consortium."""
    from tests.federation.node.consortium import Run

    made = []

    def start(plan, **more):
        made.append(Run(consortium, plan, **more))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def asking():
    """Asks nodes that are connected to nothing."""
    from tests.federation.node.consortium import Direct

    return Direct


@pytest.fixture
def start_vector():
    """Weights to start from."""
    from fedcare.federation.coordinator import feature_count, initial_weights

    task = get("insurance-cost")
    return initial_weights(task, 42, feature_count(task))[1]


@pytest.fixture
def prepared(start_vector):
    """Asks for statistics and gives what every later question needs."""
    from fedcare.data.preprocessing import fit
    from fedcare.plan import canonical_json

    def make(asking, node):
        sums = asking.ask(node).sums
        preprocessing = canonical_json(fit(get("insurance-cost").records, sums).to_json())
        return {"vector": start_vector, "preprocessing": preprocessing}

    return make
