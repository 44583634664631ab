"""What a round of ``simulate`` costs over the same steps in bare PyTorch: ``make bench``.

Protocol: each side runs in a fresh process (see ``benchmarks.measured``); the sides take turns of a few rounds, so
that whatever else the machine does troubles all alike. The first turn warms up. A round of FedCare lasts from the end
of the former round to its own: questions and answers, training, checks, aggregation, evaluation, history and the
checkpoint are in it. A round of the bare loop (see ``benchmarks.bare``) is training, averaging and evaluation. Figures
are the median over all rounds and, in brackets, the quartiles; memory is the peak of the process from start to exit,
which for FedCare includes writing the model version and the report.

Aims: the default engine for small models takes at most .30 (W1) and .12 (W2) of the bare loop; after the first rounds
the weights are equal to 1e-4 (their distance over their norm) and so are the metrics. SmallResNet18 takes at most 1.05
of the time and 1.3 of the memory. Lines without an aim are for information. Ratios are what counts: seconds depend on
the machine.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from benchmarks import data
from benchmarks.bare import BareLoop
from benchmarks.measured import STUDY
from benchmarks.output import emit, parser, progress, table
from benchmarks.running import run_study
from benchmarks.workloads import WORKLOADS, Workload, study

MEMORY_TARGET = 1.3
EQUAL = 1e-4
IMAGES = 1600


class Side:
    """A child process that works when it is told to."""

    def __init__(self, side: str, work: Workload, folder: str) -> None:
        self.side, self.seconds = side, list[float]()
        command = [sys.executable, "-m", "benchmarks.measured", side, str(work.rounds), folder]
        environment = dict(os.environ)
        if side == "bare":
            environment.pop("OMP_WAIT_POLICY", None)  # fedcare set it in this process; the bare side has torch's own.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def turn(self) -> list[float]:
        """Let it run one turn; its rounds in seconds."""
        _stream(self._process.stdin).write("go\n")
        _stream(self._process.stdin).flush()
        return list(self._line()["seconds"])

    def end(self) -> dict[str, Any]:
        """What it says last."""
        last = self._line()
        self._process.wait()
        return last

    def kill(self) -> None:
        """End it if it has not ended."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> dict[str, Any]:
        text = _stream(self._process.stdout).readline()
        if not text:
            raise SystemExit(f"the side {self.side} ended early; its own message stands above")
        value: dict[str, Any] = json.loads(text)
        return value


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def compare(work: Workload, images: int) -> dict[str, Any]:
    """All sides of one workload, turn by turn."""
    names = ["bare", work.engine] + (["inprocess"] if work.engine != "inprocess" else [])
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / STUDY).write_bytes(pickle.dumps(study(work, images)))
        sides = [Side(name, work, folder) for name in names]
        try:
            for turn in range(work.turns + 1):
                for side in sides:
                    seconds = side.turn()
                    side.seconds += seconds if turn else []
            last = {side.side: side.end() for side in sides}
        finally:
            for side in sides:
                side.kill()
    found = {side.side: _figures(side.seconds) | last[side.side] for side in sides}
    for name in names[1:]:
        found[name]["ratio"] = found[name]["median"] / found["bare"]["median"]
        found[name]["memory_ratio"] = found[name]["peak"] / found["bare"]["peak"]
    progress(f"{work.name}: {time.perf_counter() - started:.0f} s")
    return {
        "workload": work.name,
        "title": work.title,
        "engine": work.engine,
        "target": work.target,
        "sides": found,
    } | {"agreement": agreement(work, images)}


def _figures(seconds: list[float]) -> dict[str, Any]:
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
    return {"median": median, "low": low, "high": high, "rounds": len(seconds)}


def agreement(work: Workload, images: int) -> dict[str, float]:
    """How far the weights and the metrics of both sides are apart after the first rounds.

    ``weights`` is a distance over the norm; ``metrics`` the largest relative difference of one that both know.
    """
    few = study(work, images, work.agree)
    outcome, loop = run_study(few, work.engine), BareLoop(few)
    metrics = [loop.round(number) for number in range(1, work.agree + 1)][-1]
    mine, other = outcome.state.vector.astype(np.float64), loop.vector().astype(np.float64)
    known = outcome.state.history[-1].metrics
    return {
        "rounds": work.agree,
        "weights": float(np.linalg.norm(mine - other) / np.linalg.norm(other)),
        "metrics": max(abs(known[name] - value) / max(abs(value), 1e-12) for name, value in metrics.items()),
    }


def report(results: list[dict[str, Any]]) -> str:
    """Ratios with their aims, then agreement."""
    rows = [["work", "side", "round, ms", "(quartiles)", "over bare", "aim", "", "peak, MB", "over bare"]]
    checks = []
    for result in results:
        for name, side in result["sides"].items():
            aimed = name == result["engine"]
            ratio = "" if name == "bare" else f"{side['ratio']:.3f}"
            aim = f"{result['target']:.2f}" if aimed else ""
            verdict = _verdict(side["ratio"] <= result["target"]) if aimed else ""
            spread = f"({side['low'] * 1e3:.1f} to {side['high'] * 1e3:.1f})"
            memory = "" if name == "bare" else f"{side['memory_ratio']:.2f}"
            label = result["workload"] if name == "bare" else ""
            time_cells = [f"{side['median'] * 1e3:.1f}", spread, ratio, aim, verdict]
            rows.append([label, name, *time_cells, f"{side['peak'] / 1e6:.0f}", memory])
        checks.append(_checks(result))
    titles = [f"{result['workload']}: {result['title']}" for result in results]
    return "\n".join([*titles, "", table(rows), "", *checks])


def _checks(result: dict[str, Any]) -> str:
    apart, side = result["agreement"], result["sides"][result["engine"]]
    text = f"{result['workload']}: after {apart['rounds']} rounds weights {apart['weights']:.1e} and metrics "
    text += f"{apart['metrics']:.1e} apart"
    if result["engine"] == "batched":
        return text + f", aim {EQUAL:g}: {_verdict(max(apart['weights'], apart['metrics']) <= EQUAL)}"
    return (
        text
        + f"; memory {side['memory_ratio']:.2f}, aim {MEMORY_TARGET}: "
        + _verdict(side["memory_ratio"] <= MEMORY_TARGET)
    )


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


def main() -> None:
    """Measure the workloads and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--only", action="append", choices=list(WORKLOADS), help="only this workload; may be repeated")
    line.add_argument("--images", type=int, default=IMAGES, help="W3's number of images; 5856 are all")
    options = line.parse_args()
    for name in (data.INSURANCE, data.PNEUMONIA):
        if data.find(name) is None:
            progress(f"{data.folder() / name} is missing: synthetic records of the same size stand in")
    results = [compare(WORKLOADS[name], options.images) for name in options.only or WORKLOADS]
    emit({"benchmark": "speed", "images": options.images, "workloads": results}, report(results), options.json)


if __name__ == "__main__":
    main()
