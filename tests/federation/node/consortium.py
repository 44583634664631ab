"""A consortium for tests: the product's own door and SuperLink as a process, and a coordinator that asks nodes."""

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

from flwr.app import Message, MessageType
from flwr.app.message.message import make_message
from flwr.app.metadata import Metadata
from flwr.cli.build import build_fab_from_disk
from flwr.common.serde import run_from_proto
from flwr.proto.runtime_pb2 import AcquireTaskRequest, PullTaskInputRequest
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor, SuperExecAuthHttpInterceptor
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supercore.task_identity import TaskIdentity
from flwr.superlink.grid import HttpGrid

import fedcare.federation  # noqa: F401  # Flower's settings are made before Flower is read.
from fedcare.federation.door import client as door
from fedcare.federation.messages import Instruction, answered, ask
from fedcare.federation.node.config import NodeConfig, NodeFolder
from fedcare.federation.superlink import places
from fedcare.federation.superlink.control import Control
from fedcare.ports import free_port
from fedcare.trust.authority import Authority

MANIFEST = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "fedcare-run"
version = "1.0.0"
description = "A run"
license = "Apache-2.0"
dependencies = []
[tool.flwr.app]
publisher = "fedcare"
flwr-version-target = "1.41.0"
[tool.flwr.app.components]
serverapp = "fedcare.none:app"
clientapp = "fedcare.none:app"
[tool.flwr.app.config]
plan-hash = ""
run-id = ""
"""
PATIENCE = 240.0
KINDS = {"statistics": MessageType.QUERY, "train": MessageType.TRAIN, "evaluate": MessageType.EVALUATE}


def wait_for(what, seconds=PATIENCE, pause=0.05):
    """The first true answer of ``what``, or a failure once the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(pause)
    raise AssertionError(f"nothing after {seconds} s")


def configure(folder: Path, institution: str, coordinator: str, **settings) -> NodeFolder:
    """Write the settings of a node."""
    config = NodeConfig(institution=institution, coordinator=coordinator, **settings)
    (folder / "node.toml").write_text(config.to_toml())
    return NodeFolder(folder)


class Consortium:
    """The coordinator's machine: its home, and the process before which all nodes stand."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.authority = Authority.open(home / "consortium")
        app = home / "app"
        app.mkdir()
        (app / "pyproject.toml").write_text(MANIFEST)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Flower asks pathspec for an old name.
            self.fab = build_fab_from_disk(app)
        self.public, self.private = free_port(), free_port()
        self.process = None

    @property
    def coordinator(self) -> str:
        return f"127.0.0.1:{self.public}"

    def start(self) -> None:
        ports = ["--port", str(self.public), "--private-port", str(self.private)]
        command = [sys.executable, "-m", "fedcare.federation.superlink", "--host", "127.0.0.1", *ports]
        with (self.home / "superlink.log").open("ab") as log:
            environment = os.environ | {"FEDCARE_HOME": str(self.home)}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_for(self._listens)

    def stop(self, number=signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None

    def _listens(self) -> bool:
        assert self.process.poll() is None, (self.home / "superlink.log").read_text()[-2000:]
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.public), 0.5):
            return True
        return False

    def control(self) -> Control:
        return Control.of(self.home)

    def enrol(self, home: Path, name: str, **settings) -> NodeFolder:
        """An institution with a certificate, and known to the SuperLink."""
        folder, _ = door.enrol(home / "node", self.coordinator, self.authority.token(name))
        return configure(folder, name, self.coordinator, **settings)

    def node(self, name: str):
        with self.control() as control:
            return next(node for node in control.nodes() if node.name == name)


class Run:
    """A run that asks one node one question after another; a new one ends the one before."""

    def __init__(self, consortium: Consortium, plan, run_id="run-1", claimed=None) -> None:
        self.consortium, self.plan = consortium, plan
        with consortium.control() as control:
            for run in control.runs().values():
                if run.status != "finished":
                    control.stop(run.run_id)
            control.start(consortium.fab, **{"plan-hash": claimed or plan.hash, "run-id": run_id})
        address = places.address(consortium.home).private
        secret = places.executor_secret(consortium.home)
        protected = frozenset({"/flwr.proto.Runtime/AcquireTask"})
        interceptors = [
            RuntimeVersionHttpInterceptor(component_name="SuperExec"),
            SuperExecAuthHttpInterceptor(master_secret=secret, protected_methods=protected),
        ]
        with RuntimeHttpClient.from_server_address(address, True, None, interceptors) as client:
            task = client.AcquireTask(AcquireTaskRequest(supported_task_types=["flwr-serverapp"]))
        self.grid = HttpGrid(runtime_api_address=address, insecure=True, root_certificates=None, token=task.token)
        given = self.grid._runtime_client.PullTaskInput(PullTaskInputRequest())
        TaskIdentity.task_id, TaskIdentity.run_id = given.task_id, given.run.run_id
        TaskIdentity.node_id = given.context.node_id
        self.grid.set_run(run_from_proto(given.run))

    def push(self, name, kind="statistics", round_number=0, vector=None, ttl=PATIENCE, text=None, **more) -> str:
        split = "validation" if kind == "evaluate" else "train"
        content = ask(Instruction(text or self.plan.canonical(), round_number, split, **more), vector)
        message = Message(content, self.consortium.node(name).node_id, KINDS[kind], ttl=ttl)
        (pushed,) = self.grid.push_messages([message])
        return pushed

    def pull(self, pushed, name, seconds=PATIENCE):
        return answered(wait_for(lambda: next(iter(self.grid.pull_messages([pushed])), None), seconds), name)

    def ask(self, name, *args, **kwargs):
        return self.pull(self.push(name, *args, **kwargs), name)

    def close(self) -> None:
        with suppress(Exception):
            self.grid.close()


class Direct:
    """Asks an agent that is not connected to anything, as if its fleet had just handed it the question."""

    def __init__(self, plan, run_id="run-1", claimed=None) -> None:
        self.plan = plan
        self.config = {"plan-hash": plan.hash if claimed is None else claimed, "run-id": run_id}

    def ask(self, here, kind="statistics", round_number=0, vector=None, ttl=60.0, text=None, **more):
        split = "validation" if kind == "evaluate" else "train"
        content = ask(Instruction(text or self.plan.canonical(), round_number, split, **more), vector)
        metadata = Metadata(1, "a message", 1, 2, "", "", time.time(), ttl, KINDS[kind])
        reply = here.agent._answer(make_message(metadata, content), self.config)
        return None if reply is None else answered(reply, here.name)
