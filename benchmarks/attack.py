"""What strangers, thieves and a member gone bad can do to the coordinator's door: ``python -m benchmarks.attack``.

A real SuperLink, real TLS, and an honest node that answers questions of a run all the while. Every line must say
``refused``, and the honest node's run must go on unharmed. The exit code says whether it was so.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.attack_ground import Allowed, Ground
from benchmarks.attack_insider import insider_attacks
from benchmarks.attack_stranger import slow_attacks, stranger_attacks

Attack = Callable[[], str]

SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class Result:
    """``how`` is the refusal, or what was let through."""

    attack: str
    refused: bool
    how: str


@dataclass(frozen=True)
class Report:
    """What became of every attack, and of the honest run: answers got, questions asked, longest wait in seconds."""

    results: list[Result]
    asked: int
    answered: int
    slowest: float
    members_before: list[str]
    members_after: list[str]
    grown_mib: float

    @property
    def unharmed(self) -> bool:
        """Whether the honest node answered everything, and nobody joined or left."""
        return self.answered == self.asked > 0 and self.members_before == self.members_after


def attack(folder: Path) -> Report:
    """Attack a coordinator that lives in this folder."""
    with Ground(folder) as ground:
        before, memory = ground.members(), ground.memory_mib()
        with ThreadPoolExecutor(8) as pool:
            # Those that take their time run beside the others; a node's connections are counted, so not too many.
            slow = [pool.submit(_try, name, act) for name, act in slow_attacks(ground).items()]
            quick = [_try(name, act) for name, act in (stranger_attacks(ground) | insider_attacks(ground)).items()]
            results = quick + [each.result() for each in slow]
        asked, answered, slowest = ground.finish()
        # Who was revoked is refused at once, and off Flower's list with the door's next look.
        until = time.monotonic() + SETTLE_SECONDS
        while ground.members() != before and time.monotonic() < until:
            time.sleep(0.2)
        return Report(results, asked, answered, slowest, before, ground.members(), ground.memory_mib() - memory)


def table(report: Report) -> str:
    """The report for people."""
    lines = [f"{'refused' if r.refused else 'ALLOWED'}  {r.attack:<62} {r.how}" for r in report.results]
    refused = sum(result.refused for result in report.results)
    lines += [
        f"{refused} of {len(report.results)} refused",
        f"honest run: {report.answered} of {report.asked} questions answered, the slowest in {report.slowest:.2f} s;"
        f" members {report.members_after}; the coordinator grew by {report.grown_mib:.0f} MiB",
    ]
    return "\n".join(lines)


def _try(name: str, act: Attack) -> Result:
    try:
        return Result(name, True, act()[:90])
    except Allowed as what:
        return Result(name, False, str(what)[:90])


def main() -> int:
    """Attack, print, and say by the exit code whether all was refused."""
    with tempfile.TemporaryDirectory(prefix="fedcare-attack-") as folder:
        report = attack(Path(folder))
    print(table(report))
    return 0 if report.unharmed and all(result.refused for result in report.results) else 1


if __name__ == "__main__":
    sys.exit(main())
