"""What the gateway's routes cost over an endpoint that does nothing: ``python -m benchmarks.api``.

Protocol: one worker process with an embedded PostgreSQL that keeps all its promises to the disk, 100,000 patients in
one institution, a real model version. A bare FastAPI application in a process of its own answers ``GET /noop``. Clients
on keep-alive connections drive one after the other, in turns; each turn gives the ratio of a route's answers a second
to those of the no-op in the same turn, and the median over the turns is what counts. The generator shares the machine's
two cores with all of them.

``over own no-op`` compares with ``GET /api/health``, which passes the gateway's own layers (request id, limits,
headers, measurements, log) and does nothing besides.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load import Outcome, drive, request
from benchmarks.output import emit, parser, progress, table
from benchmarks.served import Served, serve, uvicorn, wait_until_up
from fedcare.db.ids import new_id
from fedcare.db.urls import without_driver
from fedcare.ports import free_port

PATIENTS = 100_000
BATCH = 10_000
P99_AIM, BATCH_AIM = 10.0, 100.0
AIMS = {"predict": 0.40, "predict, explained and recorded": 0.06, "page of 50 patients": 0.08, "create a patient": 0.06}
FEATURES = {"age": 45, "sex": "female", "bmi": 31.5, "children": 2, "smoker": "no", "region": "southeast"}
JSON = {"Content-Type": "application/json"}


def main() -> None:
    """Measure and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--turns", type=int, default=7)
    line.add_argument("--seconds", type=float, default=2.0, help="how long each route is driven in a turn")
    line.add_argument("--clients", type=int, default=8)
    options = line.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served, bare() as noop:
        progress(f"{PATIENTS} patients and a model version ...")
        fill(served)
        import_model(served, Path(folder))
        turns = [turn(served, noop, options.clients, options.seconds) for _ in range(options.turns + 1)][1:]
        result = summary(turns) | {"batch": batch(served)}
    emit(result, report(result), options.json)


@contextmanager
def bare() -> Iterator[int]:
    """The no-op's port; its server has the settings of the gateway's."""
    port = free_port()
    process = subprocess.Popen(uvicorn("benchmarks.noop:app", port, "--no-proxy-headers", "--no-server-header"))
    try:
        wait_until_up(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def fill(served: Served) -> None:
    """Patients of institution 1, as many as a large hospital has."""
    columns = (
        "institution_id, id, first_name, last_name, first_folded, last_folded, age, sex, bmi, children, smoker, region"
    )
    with (
        psycopg.connect(without_driver(served.owner_url)) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"copy patients ({columns}) from stdin") as copy,
    ):
        for number in range(PATIENTS):
            first, last = f"First{number % 997}", f"Last{number}"
            names = first, last, first.lower(), last.lower()
            region = ("northeast", "northwest", "southeast", "southwest")[number % 4]
            rest = (
                number % 90,
                ("male", "female")[number % 2],
                18 + number % 30,
                number % 6,
                ("yes", "no")[number % 3 > 0],
            )
            copy.write_row((1, new_id(), *names, *rest, region))
    with psycopg.connect(without_driver(served.owner_url), autocommit=True) as connection:
        connection.execute("analyze patients")


def import_model(served: Served, folder: Path) -> None:
    """A version made by ``fedcare simulate``, active."""
    fedcare = str(Path(sys.executable).with_name("fedcare"))
    run = folder / "run"
    subprocess.run(
        [fedcare, "simulate", "insurance-cost", "--rounds", "5", "--out", run, "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    environment = os.environ | {"FEDCARE_HOME": str(served.home), "DATABASE_URL": served.owner_url}
    subprocess.run(
        [fedcare, "models", "import", run, "--activate", "--json"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(3)


def turn(served: Served, noop: int, clients: int, seconds: float) -> dict[str, Outcome]:
    """Every route once."""
    found = {"no-op": drive(noop, always(request("GET", "/noop")), clients, seconds)}
    for name, make in routes(served).items():
        found[name] = drive(served.port, make, clients, seconds)
        wrong = {status: count for status, count in found[name].statuses.items() if not 200 <= status < 300}
        if wrong:
            raise SystemExit(f"{name}: {wrong}")
    progress(", ".join(f"{name} {outcome.rate:.0f}/s" for name, outcome in found.items()))
    return found


def routes(served: Served) -> dict[str, Callable[[], bytes]]:
    """What is measured."""
    headers = served.bearer() | JSON
    plain = {"task": "insurance-cost", "features": FEATURES, "explain": False, "record": False}
    full = plain | {"explain": True, "record": True}
    numbers = itertools.count(int(time.time() * 1000))

    def create() -> bytes:
        body = FEATURES | {"first_name": "New", "last_name": f"Patient {next(numbers)}"}
        return request("POST", "/api/patients", json.dumps(body).encode(), headers)

    return {
        "own no-op": always(request("GET", "/api/health")),
        "predict": always(request("POST", "/api/predictions", json.dumps(plain).encode(), headers)),
        "predict, explained and recorded": always(
            request("POST", "/api/predictions", json.dumps(full).encode(), headers)
        ),
        "page of 50 patients": always(request("GET", "/api/patients?limit=50", headers=headers)),
        "create a patient": create,
    }


def always(made: bytes) -> Callable[[], bytes]:
    """The same request every time."""
    return lambda: made


def batch(served: Served) -> dict[str, float]:
    """What ten thousand rows take over one, the median of several single and batch requests."""
    headers = served.bearer()
    one = {"task": "insurance-cost", "features": FEATURES, "explain": False, "record": False}
    many = {"task": "insurance-cost", "rows": [FEATURES] * BATCH, "record": False}
    single = _seconds(lambda: served.ask("POST", "/api/predictions", one, headers), 200)
    whole = _seconds(lambda: served.ask("POST", "/api/predictions/batch", many, headers), 7)
    return {"rows": BATCH, "single_seconds": single, "batch_seconds": whole, "ratio": whole / single}


def _seconds(act: Callable[[], Any], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def summary(turns: list[dict[str, Outcome]]) -> dict[str, Any]:
    """Medians over the turns."""
    routes = {}
    for name in turns[0]:
        routes[name] = {
            "rate": statistics.median(turn[name].rate for turn in turns),
            "ratio": statistics.median(turn[name].rate / turn["no-op"].rate for turn in turns),
            "own_ratio": statistics.median(turn[name].rate / turn["own no-op"].rate for turn in turns),
            "p50": statistics.median(turn[name].quantile(0.5) for turn in turns),
            "p99": statistics.median(turn[name].quantile(0.99) for turn in turns),
            "p99_ratio": statistics.median(turn[name].quantile(0.99) / turn["no-op"].quantile(0.99) for turn in turns),
        }
    return {"benchmark": "api", "routes": routes}


def report(result: dict[str, Any]) -> str:
    """A table, and the two figures that are no throughput."""
    rows = [["route", "a second", "over no-op", "aim", "", "over own no-op", "p50, ms", "p99, ms", "p99 over no-op"]]
    for name, found in result["routes"].items():
        aim = AIMS.get(name)
        verdict = "" if aim is None else _verdict(found["ratio"] >= aim)
        cells = [f"{found['rate']:.0f}", f"{found['ratio']:.3f}", "" if aim is None else f"{aim:.2f}", verdict]
        times = [f"{found['p50'] * 1e3:.2f}", f"{found['p99'] * 1e3:.2f}", f"{found['p99_ratio']:.2f}"]
        rows.append([name, *cells, f"{found['own_ratio']:.3f}", *times])
    p99, batch = result["routes"]["predict"]["p99_ratio"], result["batch"]
    return "\n".join(
        [
            table(rows),
            "",
            f"p99 of a prediction over the no-op's: {p99:.2f}, aim under {P99_AIM:g}: {_verdict(p99 < P99_AIM)}",
            f"{BATCH} rows over one: {batch['ratio']:.1f} ({batch['batch_seconds'] * 1e3:.0f} ms over"
            f" {batch['single_seconds'] * 1e3:.2f} ms), aim under {BATCH_AIM:g}:"
            f" {_verdict(batch['ratio'] < BATCH_AIM)}",
        ]
    )


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
