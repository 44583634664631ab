"""A whole consortium as its users have it, ``fedcare up``, and what its processes use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcare.aggregation.checkpoint import RunState, load
from fedcare.ports import free_port

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
FEDCARE = [sys.executable, "-m", "fedcare"]
SOURCE = '\n[records.{task}]\nsource = "{source}"\n'


@dataclass
class Consortium:
    """A running ``fedcare up`` whose everything lies in ``home``."""

    home: Path
    environment: dict[str, str]

    def pids(self) -> dict[str, int]:
        """Its processes by name, as their supervisor knows them."""
        found: dict[str, int] = json.loads((self.home / "processes.json").read_text(encoding="utf-8"))["processes"]
        return found

    def train(self, task: str, *words: str, seconds: float = 600) -> RunState:
        """Train over the real nodes, as a person at a shell would; the state that the run ended in."""
        done = self.run("train", task, *words, "--json", seconds=seconds)
        return self.state(str(done["run"]))

    def state(self, run: str) -> RunState:
        """What a run's checkpoint holds."""
        state = load(self.home / "runs-federation" / run)
        if state is None:
            raise SystemExit(f"the run {run} left no checkpoint")
        return state

    def run(self, *words: str, seconds: float = 120) -> dict[str, Any]:
        """One command of ``fedcare`` with ``--json`` in this home, its object."""
        done = subprocess.run(
            [*FEDCARE, *words], env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode:
            raise SystemExit(f"fedcare {' '.join(words)}: {done.stdout}{done.stderr}; logs are in {self.home / 'logs'}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def consortium(
    folder: Path, institutions: int, records: Mapping[str, Mapping[str, Path]] | None = None
) -> Iterator[Consortium]:
    """``fedcare up`` with so many institutions; ``records`` names each institution's npz or CSV file of a task.

    Without them every institution has the records that it is seeded with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    home = folder / "home"
    environment = os.environ | {"FEDCARE_HOME": str(home), "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    environment.pop("DATABASE_URL", None)
    command = [*FEDCARE, "up", "--port", str(free_port()), "--institutions", str(institutions)]
    if records:
        with (folder / "first.log").open("wb") as log:
            subprocess.run(
                [*command, "--until-done"], env=environment, stdout=log, stderr=log, timeout=1200, check=True
            )
        _point_at(home, records)
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_up(process, folder / "up.log")
            yield Consortium(home, environment)
        finally:
            process.terminate()
            process.wait(120)


def _point_at(home: Path, records: Mapping[str, Mapping[str, Path]]) -> None:
    """Name these files in the nodes' own settings."""
    for place in (home / "node").glob("*/node.toml"):
        text = place.read_text(encoding="utf-8")
        name = json.loads(re.search(r"^institution = (.*)$", text, re.MULTILINE)[1])  # type: ignore[index]
        for task, files in records.items():
            text = re.sub(rf'\n\[records\."?{task}"?\]\nsource = .*\n', "", text)
            path = files[name]
            text += SOURCE.format(task=json.dumps(task), source=f"{path.suffix[1:]}:{path}")
        place.write_text(text, encoding="utf-8")


def _wait_until_up(process: subprocess.Popen[bytes], log: Path, seconds: float = 1200) -> None:
    until = time.monotonic() + seconds
    while "Everything is up" not in log.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"fedcare up did not come up: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.2)


# -- what processes use -----------------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += family(int(child))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Seconds of a core that these have used so far."""
    total = 0.0
    for pid in pids:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(words[11]) + int(words[12])) / TICKS
    return total


def resident(pid: int) -> int:
    """Resident bytes of one process, shared pages included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def proportional(pid: int) -> int:
    """Resident bytes of one process, pages that it shares with others divided among them."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024  # type: ignore[index]
