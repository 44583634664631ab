"""How long a question is worth waiting for, from how long the last ones took."""

from __future__ import annotations

from collections.abc import Mapping

from fedcare.plan import RoundPolicy

REMEMBERED = 5
FACTOR = 3.0


class Deadlines:
    """Seconds to wait, by kind of question: training takes longer than an evaluation.

    ``slowest`` holds, by kind, the slowest answer that counted to each of the last five questions.
    """

    def __init__(self, policy: RoundPolicy, slowest: Mapping[str, list[float]] | None = None) -> None:
        self._policy = policy
        self.slowest = {kind: list(seconds) for kind, seconds in (slowest or {}).items()}

    def seconds(self, kind: str) -> float:
        """Three times the slowest of the last five, within the plan's ``grace`` and ``deadline``.

        The first question of a kind gets the whole deadline: nothing is known yet.
        """
        known = self.slowest.get(kind)
        if not known:
            return self._policy.deadline
        return min(self._policy.deadline, max(self._policy.grace, FACTOR * max(known)))

    def usual(self, kind: str) -> float | None:
        """The slowest recent answer of a kind; None before the first."""
        return max(self.slowest.get(kind, []), default=None)

    def note(self, kind: str, seconds: float, first: bool) -> None:
        """An answer took so long; ``first`` says that it is the first to its question."""
        former = self.slowest.get(kind, [])
        former = former if first else former[:-1]
        self.slowest[kind] = [*former, round(seconds, 3)][-REMEMBERED:]
