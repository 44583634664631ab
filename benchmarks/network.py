"""The federation between machines, over lines that fail: ``python -m benchmarks.network`` (needs root and iproute2).

A coordinator and three nodes, each in a network namespace with an address of its own.

- From a node's machine every port of the coordinator's is tried: one answers.
- The ResNet of 45 MB is trained; in the middle of a transfer one node's line is cut for some seconds.
- The small perceptron is trained while another node's line delays every packet by 200 ms there and back and loses 5%.

Both runs have to complete with every institution in every round, and with the bits of a simulation of the same plan on
the same records: nothing was lost, and nothing counted twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.consortium import FEDCARE, SOURCE
from benchmarks.netns import Host, hosts, obstacle
from benchmarks.output import emit, parser, progress
from benchmarks.running import Silent
from fedcare.aggregation.checkpoint import RunState, load
from fedcare.aggregation.planning import plan_of
from fedcare.data.sources.csv_table import write_table
from fedcare.data.sources.synthetic_images import write_npz
from fedcare.data.split import institution
from fedcare.federation.coordinator import coordinate
from fedcare.federation.engines import run
from fedcare.federation.site import Site
from fedcare.supervision.process import clear_group, launch
from fedcare.tasks.loading import from_origin, read
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

NODES = ("Hospital A", "Hospital B", "Hospital C")
PORT, GATEWAY_PORT = 8443, 8000
START_SECONDS = 300
SETTINGS = {
    "cancer-imaging": {"rounds.rounds": "2", "local.epochs": "1", "image_size": "28"},
    "insurance-cost": {"rounds.rounds": "3", "local.epochs": "1"},
}
SCAN = """
import socket, sys, concurrent.futures as c
def tried(port):
    with socket.socket() as s:
        s.settimeout(3)
        return port if s.connect_ex((sys.argv[1], port)) == 0 else None
with c.ThreadPoolExecutor(64) as pool:
    print([port for port in pool.map(tried, range(1, 65536)) if port])
"""


def main() -> None:
    """Run and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--cut-seconds", type=float, default=8.0, help="how long the line stays cut")
    options = line.parse_args()
    if (reason := obstacle()) is not None:
        raise SystemExit(f"this machine cannot play several machines: {reason}")
    with tempfile.TemporaryDirectory(prefix="fedcare-net-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        found = measure(folder, options.cut_seconds)
    emit({"benchmark": "network"} | found, json.dumps(found, indent=2), options.json)
    if not found["held"]:
        raise SystemExit(1)


def measure(folder: Path, cut_seconds: float) -> dict[str, Any]:
    """Both runs and the scan."""
    records = {task: write_records(folder / "records", task) for task in SETTINGS}
    with hosts(["coordinator", *NODES], bad=NODES) as machines, joined(folder, machines, records) as center:
        found: dict[str, Any] = {"open_ports": scan(machines[NODES[0]], machines["coordinator"].address)}
        progress(f"from a node's machine these ports answer: {found['open_ports']}")
        cut = machines[NODES[1]]
        found["cut"] = center.train("cancer-imaging", records, lambda: cut_within(cut, cut_seconds))
        progress(f"cut: {found['cut']}")
        machines[NODES[2]].worsen(0.1, 0.05)
        found["bad_line"] = center.train("insurance-cost", records)
        progress(f"bad line: {found['bad_line']}")
    runs = found["cut"], found["bad_line"]
    found["held"] = found["open_ports"] == [PORT] and all(each["same_bits"] and each["everybody"] for each in runs)
    return found


def write_records(folder: Path, task: str) -> dict[str, Path]:
    """A file for each hospital."""
    folder.mkdir(exist_ok=True)
    few = {"num_samples": "30"} | {key: value for key, value in SETTINGS[task].items() if key == "image_size"}
    declared = apply(get(task), few)
    files = {}
    for place, name in enumerate(NODES):
        made = from_origin(declared, place).records
        files[name] = folder / f"{task}-{place}.{'npz' if declared.kind == 'binary' else 'csv'}"
        if files[name].suffix == ".npz":
            write_npz(files[name], made)
        else:
            write_table(files[name], declared.records, made)
    return files


def scan(source: Host, target: str) -> list[int]:
    """Every TCP port of ``target`` that answers to ``source``."""
    done = subprocess.run(
        source.command([sys.executable, "-c", SCAN, target]), capture_output=True, text=True, timeout=600, check=True
    )
    return list(json.loads(done.stdout))


def cut_within(host: Host, seconds: float) -> str:
    """Wait until some megabytes of a transfer have come to the host, and cut its line for so long."""
    begun = host.received()
    while host.received() - begun < 5e6:
        time.sleep(0.02)
    host.worsen(0.0, 1.0)
    got = host.received() - begun
    time.sleep(seconds)
    host.worsen(0.0, 0.0)
    return f"cut after {got / 1e6:.0f} MB for {seconds:g} s"


# -- the machines' processes ------------------------------------------------------------------------------------------


@dataclass
class Machine:
    """FedCare on one of the machines, with a home and a database of its own."""

    host: Host
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told."""
        known = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        # As many threads as the simulation has: another number adds up in another order, to other last bits.
        return known | {"FEDCARE_HOME": str(self.home)}

    def run(self, *words: str, seconds: float = 900) -> dict[str, Any]:
        """A command with ``--json``; its object."""
        command = self.host.command([*FEDCARE, *words, "--json"])
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode:
            raise SystemExit(f"fedcare {' '.join(words)}: {done.stdout}{done.stderr}")
        return dict(json.loads(done.stdout))

    @contextmanager
    def running(self, said: str, *words: str) -> Iterator[None]:
        """A process that has said something."""
        log = self.home.parent / f"{self.home.name}-{words[0]}.log"
        with log.open("wb") as out:
            process = launch(self.host.command([*FEDCARE, *words]), self.environment, out)
        try:
            until = time.monotonic() + START_SECONDS
            while said not in log.read_text():
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"fedcare {' '.join(words)}: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(90)
            clear_group(process)

    def train(
        self, task: str, records: dict[str, dict[str, Path]], disturb: Callable[[], str] | None = None
    ) -> dict[str, Any]:
        """A run that is disturbed, beside a simulation of the same plan that is not."""
        happened: list[str] = []
        thread = threading.Thread(target=lambda: happened.append(disturb() if disturb else ""), daemon=True)
        thread.start()
        words = [word for key, value in SETTINGS[task].items() for word in ("--set", f"{key}={value}")]
        started = time.monotonic()
        done = self.run("train", task, *words)
        state = load(self.home / "runs-federation" / done["run"])
        assert state is not None
        thread.join(1)
        return {
            "seconds": round(time.monotonic() - started, 1),
            "rounds": [round(each.seconds, 1) for each in state.history],
            "everybody": all(set(each.participants) == set(NODES) for each in state.history),
            "late_answers": sum(each.late_answers for each in state.history),
            "attempts": done["attempts"],
            "same_bits": bool(np.array_equal(state.vector, simulated(task, records[task]).vector)),
            "happened": "".join(happened),
        }


@contextmanager
def joined(folder: Path, machines: dict[str, Host], records: dict[str, dict[str, Path]]) -> Iterator[Machine]:
    """The coordinator's machine, once all nodes are up."""
    center = Machine(machines["coordinator"], _home(folder, "coordinator"))
    with ExitStack() as running:
        running.enter_context(center.running("is at http", "gateway", "--port", str(GATEWAY_PORT)))
        where = center.host.address
        running.enter_context(center.running("coordinator is up", "coordinator", "--host", "0.0.0.0", "--name", where))
        for place, name in enumerate(NODES):
            node = Machine(machines[name], _home(folder, f"node-{place}"))
            center.run("institutions", "add", name)
            token = center.run("institutions", "token", name)["token"]
            node.run("institutions", "add", name)
            enrolled = node.run("node", "enrol", "--coordinator", f"{where}:{PORT}", "--token", token)
            for task, files in records.items():
                _name_records(Path(enrolled["folder"]) / "node.toml", task, files[name])
            running.enter_context(node.running("connected", "node", "run"))
            for task in records:  # The node holds its database up for these.
                node.run("node", "rules", "set", task, "--rounds-a-day", "1000")
            progress(f"{name} is connected")
        yield center


def _home(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    home.chmod(0o711)
    return home


def _name_records(settings: Path, task: str, path: Path) -> None:
    with settings.open("a", encoding="utf-8") as file:
        file.write(SOURCE.format(task=json.dumps(task), source=f"{path.suffix[1:]}:{path}"))


def simulated(task: str, files: dict[str, Path]) -> RunState:
    """The same plan over the same records in this process."""
    declared = apply(get(task), SETTINGS[task])
    plan = plan_of(declared, 42)
    sites: Sequence[Site] = [
        Site(institution(name, read(declared, path).records, declared.kind, 42)) for name, path in files.items()
    ]
    with tempfile.TemporaryDirectory() as folder:

        def drive(exchange: Any) -> Any:
            return coordinate(plan, exchange, Path(folder), Silent(), Silent().resumed)

        return run("inprocess", plan, sites, drive, Silent().answered).state


if __name__ == "__main__":
    main()
