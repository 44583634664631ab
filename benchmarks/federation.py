"""What the network between institutions costs: ``python -m benchmarks.federation``.

Five nodes, a coordinator and a gateway, all real processes of ``fedcare up`` on this machine, beside stock Flower with
the same apps, plans and records, in one run:

- seconds a round of a small perceptron (insurance-cost), where everything is overhead;
- seconds a round of the ResNet of 45 MB (cancer-imaging) on few small images, where nearly everything is transfer;
- what an idle consortium uses: share of a core of coordinator and nodes together, resident memory of each node.

``--nodes 50`` instead trains insurance-cost over that many nodes and watches the coordinator's memory.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.consortium import Consortium, consortium, cpu_seconds, family, proportional, resident
from benchmarks.output import emit, parser, progress, table
from benchmarks.stock_flower import stock_flower
from fedcare.aggregation.checkpoint import load
from fedcare.data.partition import divide
from fedcare.data.sources.csv_table import write_table
from fedcare.data.sources.synthetic_images import write_npz
from fedcare.tasks.loading import from_origin
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

APP = Path(__file__).resolve().parents[1] / "examples" / "flower-app"
MEGABYTE = 1e6
# Task, settings of the plan, settings of the records, and how many times quicker than stock Flower it should be.
WORK: dict[str, tuple[dict[str, str], dict[str, str], float]] = {
    "insurance-cost": ({"local.epochs": "1"}, {}, 8.0),
    "cancer-imaging": ({"local.epochs": "1", "image_size": "28"}, {"num_samples": "100", "image_size": "28"}, 3.0),
}
IDLE_CPU, NODE_MEMORY, GROWTH = 0.10, 600 * MEGABYTE, 1.05
SETTLE_SECONDS, IDLE_SECONDS = 30.0, 30.0


def main() -> None:
    """Measure and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--nodes", type=int, default=5, help="5 compares with stock Flower; more watches memory")
    line.add_argument("--rounds", type=int, default=10, help="rounds of each run of FedCare")
    line.add_argument("--stock-rounds", type=int, default=3, help="rounds of each run of stock Flower")
    line.add_argument("--only", choices=list(WORK), action="append", help="only this task; may be repeated")
    options = line.parse_args()
    with tempfile.TemporaryDirectory(prefix="fedcare-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        if options.nodes == 5:
            found = compare(folder, options.only or list(WORK), options.rounds, options.stock_rounds)
            text = report(found)
        else:
            found = many(folder, options.nodes, options.rounds)
            text = "\n".join(f"{key.replace('_', ' ')}: {value}" for key, value in found.items())
    emit({"benchmark": "federation"} | found, text, options.json)


# -- five nodes -------------------------------------------------------------------------------------------------------


def compare(folder: Path, tasks: list[str], rounds: int, stock_rounds: int) -> dict[str, Any]:
    """Both sides on the same records, and the idle consortium."""
    records = {task: write_records(folder / "records" / task, task) for task in WORK}
    found: dict[str, Any] = {"tasks": {}}
    with consortium(folder / "fedcare", 5, records) as ours:
        for task in tasks:
            settings = [word for key, value in WORK[task][0].items() for word in ("--set", f"{key}={value}")]
            state = ours.train(task, "--rounds", str(rounds), *settings)
            seconds = [each.seconds for each in state.history]
            found["tasks"][task] = {"ours": median(seconds), "rounds": len(seconds), "bytes": state.vector.nbytes}
            progress(f"fedcare, {task}: {median(seconds):.2f} s a round")
        found["idle"] = idle(ours)
    for task in tasks:
        seconds = stock(folder / f"stock-{task}", task, records[task], stock_rounds)
        found["tasks"][task] |= {"stock": median(seconds), "stock_rounds": len(seconds)}
        found["tasks"][task]["ratio"] = median(seconds) / found["tasks"][task]["ours"]
        progress(f"stock Flower, {task}: {median(seconds):.2f} s a round")
    return found


def write_records(folder: Path, task: str) -> dict[str, Path]:
    """A file of each of the five hospitals' records, by name."""
    folder.mkdir(parents=True)
    declared = apply(get(task), WORK[task][1])
    records = from_origin(declared, 42).records
    files = {}
    for place, (name, rows) in enumerate(divide(records, declared.partition, declared.kind, 42).items()):
        files[name] = folder / (f"{place}.npz" if declared.kind == "binary" else f"{place}.csv")
        if files[name].suffix == ".npz":
            write_npz(files[name], records.take(rows))
        else:
            write_table(files[name], declared.records, records.take(rows))
    return files


def stock(folder: Path, task: str, files: Mapping[str, Path], rounds: int) -> list[float]:
    """Seconds of each round on stock Flower."""
    folder.mkdir()
    nodes = [{"institution": name, "data": str(path)} for name, path in files.items()]
    settings = "; ".join(f"{key}={value}" for key, value in WORK[task][0].items())
    with stock_flower(folder, nodes) as flower:
        flower.run(
            APP, {"task": task, "rounds": rounds, "institutions": len(nodes), "set": settings, "name": "run"}, 1800
        )
    state = load(folder / "runs" / "run")
    assert state is not None
    return [each.seconds for each in state.history]


def idle(ours: Consortium) -> dict[str, Any]:
    """What it uses when nothing is to be done."""
    time.sleep(SETTLE_SECONDS)
    pids = {name: family(pid) for name, pid in ours.pids().items()}
    watched = {name: each for name, each in pids.items() if name != "gateway"}
    before = {name: cpu_seconds(each) for name, each in watched.items()}
    time.sleep(IDLE_SECONDS)
    used = {name: (cpu_seconds(each) - before[name]) / IDLE_SECONDS for name, each in watched.items()}
    nodes = {name: max(resident(pid) for pid in each) for name, each in watched.items() if name.startswith("node")}
    return {"cpu": sum(used.values()), "cpu_by_process": used, "largest_node": max(nodes.values())}


def report(found: dict[str, Any]) -> str:
    """Rounds beside stock Flower's, then the idle consortium."""
    rows = [["task", "weights, MB", "round, s", "stock Flower, s", "times less", "aim", ""]]
    for task, each in found["tasks"].items():
        aim, weights = WORK[task][2], f"{each['bytes'] / MEGABYTE:.2f}"
        times = [f"{each['ours']:.2f}", f"{each['stock']:.2f}", f"{each['ratio']:.1f}"]
        rows.append([task, weights, *times, f"{aim:g}", _verdict(each["ratio"] >= aim)])
    idling = found["idle"]
    cpu = f"idle, coordinator and five nodes: {idling['cpu']:.1%} of a core, aim {IDLE_CPU:.0%}: "
    memory = (
        f"resident, the largest node: {idling['largest_node'] / MEGABYTE:.0f} MB, aim {NODE_MEMORY / MEGABYTE:.0f}: "
    )
    checks = [cpu + _verdict(idling["cpu"] < IDLE_CPU), memory + _verdict(idling["largest_node"] < NODE_MEMORY)]
    return "\n".join([table(rows), "", *checks])


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


# -- many nodes -------------------------------------------------------------------------------------------------------


def many(folder: Path, nodes: int, rounds: int) -> dict[str, Any]:
    """Many nodes on this machine: that a run completes, and that the coordinator does not grow with its rounds."""
    started = time.monotonic()
    with consortium(folder, nodes) as ours:
        progress(f"{nodes} nodes are up after {time.monotonic() - started:.0f} s")
        with Watch(ours) as watch:
            words = ("--rounds", str(rounds), "--set", "local.epochs=1", "--set", f"min_available={nodes}")
            state = ours.train("insurance-cost", *words, seconds=1800)
        shared = sum(proportional(pid) for name, pid in ours.pids().items() if name.startswith("node"))
    early, late = watch.halves()
    return {
        "nodes": nodes,
        "rounds": state.round,
        "participants_at_least": min(len(each.participants) for each in state.history),
        "seconds_a_round": round(median(each.seconds for each in state.history), 2),
        "coordinator_first_half_mb": round(early / MEGABYTE),
        "coordinator_second_half_mb": round(late / MEGABYTE),
        "flat": late < early * GROWTH,
        "all_nodes_together_mb": round(shared / MEGABYTE),
    }


class Watch:
    """The coordinator's memory (door, worker, runner), looked at twice a second while a run goes on."""

    def __init__(self, ours: Consortium) -> None:
        self._roots = [pid for name, pid in ours.pids().items() if name in {"door", "worker"}]
        self._seen: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            try:
                self._seen.append(sum(proportional(pid) for root in self._roots for pid in family(root)))
            except OSError:  # One of them ended between two looks.
                continue

    def halves(self) -> tuple[int, int]:
        """The most that was used in the second quarter of the run, and in its last quarter."""
        quarter = max(1, len(self._seen) // 4)
        return max(self._seen[quarter : 2 * quarter]), max(self._seen[-quarter:])


if __name__ == "__main__":
    main()
