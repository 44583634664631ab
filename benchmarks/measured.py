"""One side of a comparison in a process of its own: ``python -m benchmarks.measured SIDE ROUNDS FOLDER``.

SIDE is ``bare`` or one of FedCare's engines; ROUNDS make a turn; FOLDER holds the study, pickled, so that the bare side
imports nothing it would not need. The process waits for a line on stdin before each turn and answers with a JSON object
of the turn's rounds in seconds; its last line has the peak memory. ``benchmarks.speed`` gives the sides their turns.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch  # noqa: F401 (before fedcare, which would choose how the bare side's threads wait)

from fedcare.federation.study import Study

STUDY = "study.pickle"


class Turns:
    """Times rounds and gives the processor to the other side between turns."""

    def __init__(self, rounds: int, last: int) -> None:
        self._rounds, self._last = rounds, last
        self._seconds: list[float] = []
        self._started = 0.0
        self.peak = 0

    def wait(self) -> None:
        """Until it is this side's turn."""
        sys.stdin.readline()
        self._started = time.perf_counter()

    def finished(self, number: int) -> None:
        """A round has ended; the clock goes on unless the turn has ended too."""
        now = time.perf_counter()
        self._seconds.append(now - self._started)
        self._started = now
        if len(self._seconds) == self._rounds:
            self.peak = peak_memory()
            say({"seconds": self._seconds})
            self._seconds = []
            if number < self._last:
                self.wait()


def fedcare(study: Study, engine: str, folder: Path, turns: Turns) -> None:
    """The whole of ``simulate``, from the claim of its folder to its report."""
    from benchmarks.running import Silent
    from fedcare.aggregation.exchange import RoundRecord
    from fedcare.federation.engines import choose
    from fedcare.federation.simulation import Job, simulate

    class Timed(Silent):
        """A round lasts from the end of the former one to its own, so that nothing is left out."""

        def round_finished(self, record: RoundRecord) -> None:
            """The end of a round."""
            turns.finished(record.round)

    turns.wait()
    job = Job(study, choose(engine, study.plan, study.task).engine, folder / engine)
    simulate(job, Timed())


def bare(study: Study, turns: Turns) -> None:
    """The same rounds in plain PyTorch."""
    from benchmarks.bare import BareLoop

    loop = BareLoop(study)
    turns.wait()
    for number in range(1, study.plan.rounds.rounds + 1):
        loop.round(number)
        turns.finished(number)


def peak_memory() -> int:
    """Largest resident set of this process so far, bytes.

    Linux tells it in /proc: ``getrusage`` there counts what the parent held when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    kilo = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo


def say(value: dict[str, Any]) -> None:
    """One line to the parent."""
    print(json.dumps(value), flush=True)


def main(side: str, rounds: str, folder: str) -> None:
    """Run one side to its end, ``rounds`` rounds a turn."""
    place = Path(folder)
    study: Study = pickle.loads((place / STUDY).read_bytes())
    turns = Turns(int(rounds), study.plan.rounds.rounds)
    if side == "bare":
        bare(study, turns)
    else:
        fedcare(study, side, place, turns)
    say({"peak_of_rounds": turns.peak, "peak": peak_memory()})


if __name__ == "__main__":
    main(*sys.argv[1:])
