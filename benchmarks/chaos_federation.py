"""What a run is worth when processes die: ``python -m benchmarks.chaos_federation``, or ``make chaos``.

A consortium runs on this machine: ``fedcare up``. It trains once undisturbed. Then it trains again, as often as it
takes, while one process after the other is killed with SIGKILL at random moments: a node in training, a node while it
sends, the worker, the runner of the attempt, the SuperLink, the gateway, PostgreSQL, and all of these at once. Nobody
helps: what is killed is started again by its supervisor, and the run has to go on by itself. The last kill is the
supervisor's own; nothing may outlive it, and a new ``fedcare up`` goes on with the run.

Every run must complete, and its released weights must be those of the undisturbed run, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.output import emit, parser, progress, table
from benchmarks.victims import KINDS, SUPERVISOR, Victims
from fedcare.aggregation.checkpoint import round_of
from fedcare.ports import free_port
from fedcare.registry.version import WEIGHTS

TASK = "insurance-cost"
# A node that is killed has this long to come back before a round goes on without it, which would change the weights.
SETTINGS = ("grace=600", "patience=600")
START_SECONDS, RUN_SECONDS, ORPHAN_SECONDS = 900.0, 1800.0, 10.0


@dataclass
class Blow:
    """One kill: of whom, in which run, after which round, and the seconds until the next round stood."""

    kind: str
    run: str
    round: int
    processes: int
    seconds: float = 0.0


@dataclass
class Trained:
    """A run that ended: ``weights`` is the SHA-256 of the released vector."""

    run: str
    status: str
    reason: str | None
    attempts: int
    seconds: float
    weights: str | None


@dataclass
class Findings:
    """What happened."""

    blows: list[Blow] = field(default_factory=list)
    runs: list[Trained] = field(default_factory=list)
    orphans: int = 0


class Consortium:
    """A ``fedcare up`` that can be started again."""

    def __init__(self, folder: Path, chance: random.Random, options: Any) -> None:
        self.home, self._log = folder / "home", folder / "up.log"
        self.victims = Victims(self.home, chance)
        self._options = options
        self._environment = os.environ | {"FEDCARE_HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        self._environment.pop("DATABASE_URL", None)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until everything is up."""
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "fedcare", "up", "--port", str(free_port())]
            command += ["--institutions", str(self._options.institutions)]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while "Everything is up" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"fedcare up did not come up: {self._log.read_text()[-2000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(120)

    def bury(self) -> int:
        """After a SIGKILL of the supervisor: how many processes are left after a while."""
        assert self._process is not None
        self._process.wait()
        until = time.monotonic() + ORPHAN_SECONDS
        while (left := self.victims.everybody()) and time.monotonic() < until:
            time.sleep(0.05)
        return len(left)

    # -- runs ---------------------------------------------------------------------------------------------------------

    def request(self) -> str:
        """Ask for a run as somebody at a shell does; its id."""
        asked = self._options
        words = [*SETTINGS, f"min_available={asked.institutions}", f"rounds={asked.rounds}", f"epochs={asked.epochs}"]
        words += asked.set
        given = [word for each in words for word in ("--set", each)]
        command = [sys.executable, "-m", "fedcare", "train", TASK, *given, "--json"]
        before = self._newest()
        asking = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)
        while (run := self._newest()) == before:
            if asking.poll():
                raise SystemExit("fedcare train could not ask for a run")
            time.sleep(0.1)
        asking.terminate()  # It would only watch, and the run does not need it.
        asking.wait()
        assert run is not None
        return run

    def outcome(self, run: str) -> tuple[str, str | None, int]:
        """Status, reason and attempts of a run; ``away`` while the database is."""
        try:
            with psycopg.connect(self.victims.address(), autocommit=True) as connection:
                asked = "select status, reason, attempts from training_runs where id = %s"
                row = connection.execute(asked, [run]).fetchone()
        except (psycopg.OperationalError, OSError, ValueError):
            return "away", None, 0
        assert row is not None
        return row[0], row[1], row[2]

    def rounds(self, run: str) -> int:
        """The last round that stands."""
        return round_of(self.home / "runs-federation" / run)

    def weights(self, run: str) -> str | None:
        """The SHA-256 of the weights that a run released."""
        index = json.loads((self.home / "released" / "index.json").read_text())
        for entry in index:
            if entry["run"] == run:
                file = self.home / "released" / entry["task"] / entry["version"] / WEIGHTS
                return hashlib.sha256(file.read_bytes()).hexdigest()
        return None

    def _newest(self) -> str | None:
        with psycopg.connect(self.victims.address(), autocommit=True) as connection:
            row = connection.execute("select id::text from training_runs order by id desc limit 1").fetchone()
        return row[0] if row else None


def main() -> None:
    """Train, kill, compare and print."""
    line = parser(__doc__)
    line.add_argument("--kills", type=int, default=24, help="how many, besides the supervisor's own")
    line.add_argument("--institutions", type=int, default=5, help="how many nodes")
    line.add_argument("--rounds", type=int, default=30, help="rounds of a run")
    line.add_argument("--epochs", type=int, default=60, help="passes over an institution's rows in a round")
    line.add_argument("--folder", type=Path, default=None, help="where everything is kept; unset, it is thrown away")
    options = line.parse_args()
    with _folder(options.folder) as folder:
        chance = random.Random(options.seed)
        consortium = Consortium(folder, chance, options)
        consortium.start()
        try:
            findings = _storm(consortium, chance, options.kills)
        finally:
            consortium.stop()
    found = _judged(findings, options)
    emit({"benchmark": "chaos_federation"} | found, _report(findings, found), options.json)
    if not found["held"]:
        raise SystemExit(1)


def _storm(consortium: Consortium, chance: random.Random, kills: int) -> Findings:
    findings = Findings()
    findings.runs.append(_finish(consortium, consortium.request(), time.monotonic()))
    progress(f"undisturbed: {findings.runs[0]}")
    waiting = [kind for _ in range(-(-kills // len(KINDS))) for kind in chance.sample(KINDS, len(KINDS))][:kills]
    waiting.append(SUPERVISOR)
    while waiting and (len(findings.runs) == 1 or findings.runs[-1].status == "completed"):
        run, begun = consortium.request(), time.monotonic()
        while waiting and _await_calm(consortium, run):
            blow = _strike(consortium, chance, waiting[0], run)
            if blow is None:
                break
            waiting.pop(0)
            if blow.kind == SUPERVISOR:
                findings.orphans += consortium.bury()
                consortium.start()
            _await_progress(consortium, blow)
            findings.blows.append(blow)
            progress(f"{blow}")
        findings.runs.append(_finish(consortium, run, begun))
        progress(f"disturbed: {findings.runs[-1]}")
    return findings


def _strike(consortium: Consortium, chance: random.Random, kind: str, run: str) -> Blow | None:
    """Kill at a random moment of the next round or so; None where the run ended meanwhile."""
    time.sleep(chance.uniform(0.0, 3.0))
    if consortium.outcome(run)[0] == "completed":
        return None
    reached = consortium.rounds(run)
    return Blow(kind, run, reached, len(consortium.victims.kill(kind, run)), time.monotonic())


def _await_calm(consortium: Consortium, run: str) -> bool:
    """Until every process lives and the run has a round; false once it ended."""
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        status, *_ = consortium.outcome(run)
        if status in {"completed", "failed", "stopped"}:
            return False
        if status != "away" and consortium.victims.whole() and consortium.rounds(run) > 0:
            return True
        time.sleep(0.2)
    return False


def _await_progress(consortium: Consortium, blow: Blow) -> None:
    """Until a round stands that did not when the blow fell, or the run has ended."""
    struck = blow.seconds
    while time.monotonic() < struck + RUN_SECONDS:
        # The round under way when it fell may have been as good as done: the one after it tells that all is well.
        if consortium.rounds(blow.run) > blow.round + 1 or consortium.outcome(blow.run)[0] in {"completed", "failed"}:
            break
        time.sleep(0.1)
    blow.seconds = round(time.monotonic() - struck, 1)


def _finish(consortium: Consortium, run: str, begun: float) -> Trained:
    status, reason, attempts = consortium.outcome(run)
    while status not in {"completed", "failed", "stopped"} and time.monotonic() < begun + RUN_SECONDS:
        time.sleep(0.3)
        status, reason, attempts = consortium.outcome(run)
    weights = consortium.weights(run) if status == "completed" else None
    return Trained(run, status, reason, attempts, round(time.monotonic() - begun, 1), weights)


def _judged(findings: Findings, options: Any) -> dict[str, Any]:
    first, *others = findings.runs
    identical = first.weights is not None and all(each.weights == first.weights for each in others)
    completed = all(each.status == "completed" for each in findings.runs)
    dealt = len(findings.blows) == options.kills + 1
    return {
        "kills": len(findings.blows),
        "processes_killed": sum(blow.processes for blow in findings.blows),
        "runs": [vars(each) for each in findings.runs],
        "blows": [vars(each) for each in findings.blows],
        "completed": completed,
        "identical": identical,
        "orphans": findings.orphans,
        "seed": options.seed,
        "held": dealt and completed and identical and not findings.orphans,
    }


def _report(findings: Findings, found: dict[str, Any]) -> str:
    """Who was killed when, and what became of the runs."""
    names = {each.run: number for number, each in enumerate(findings.runs)}
    blows = [("killed", "run", "after round", "processes", "seconds to the round after next")]
    blows += [
        (each.kind, str(names[each.run]), str(each.round), str(each.processes), f"{each.seconds:.1f}")
        for each in findings.blows
    ]
    runs = [("run", "status", "attempts", "seconds", "weights")]
    runs += [
        (str(names[each.run]), each.status, str(each.attempts), f"{each.seconds:.0f}", (each.weights or "none")[:16])
        for each in findings.runs
    ]
    verdict = (
        f"{found['kills']} kills, {found['processes_killed']} processes; every run completed: {found['completed']};"
        f" weights identical: {found['identical']}; left behind by a killed supervisor: {found['orphans']}"
    )
    return "\n\n".join([table(blows), table(runs), verdict])


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        chosen.chmod(0o711)
        yield chosen
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs as another account where we are root.
        yield Path(folder)


if __name__ == "__main__":
    main()
