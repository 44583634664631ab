"""What a private run has cost the patients of each institution, round by round, as its plan and its history say it.

The figures hold at the plan's delta and for this run alone. What an institution's patients have paid in all, at its own
delta, stands in its ledger, which nobody else reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from fedcare.aggregation.checkpoint import RunState
from fedcare.aggregation.exchange import RoundRecord
from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.planned import count_noise, evaluation_noise, noise_multiplier, sample_rate, uses_of

# A curve needs no more points; each takes a fraction of a second to compose.
MOST_POINTS = 20


def spending(plan: TrainingPlan, state: RunState) -> dict[str, Any] | None:
    """The run's cost for its summary; None for a run that nothing bounds.

    ``institutions`` holds, by name, the ``epsilon`` of all it answered and ``rounds``: pairs of a round and what was
    spent after it. Whoever was asked is taken to have answered, even where its answer was dropped: it left the
    institution; an answer made anew after a crash is in the institution's own ledger alone. ``epsilon`` is that of the
    institution that paid most.
    """
    dp = plan.privacy.dp
    if not dp.enabled:
        return None
    cost = RunCost(plan)
    each = {name: cost.of(name, state.history) for name in sorted(_asked(plan, state))}
    return {
        "epsilon": max((spent["epsilon"] for spent in each.values()), default=0.0),
        "delta": dp.delta,
        "noise_multiplier": noise_multiplier(plan),
        "sample_rate": sample_rate(plan),
        "clip": dp.clip,
        "count_noise": count_noise(plan),
        "evaluation_noise": evaluation_noise(plan) if dp.evaluation == "final" else None,
        "seeded_noise": dp.seeded_noise,
        "institutions": each,
    }


class RunCost:
    """Epsilon by the number of updates: institutions that took part equally often paid the same.

    ``after(updates, ended)``: of the count of round 0, so many updates and, if the run has ``ended``, the evaluation.
    """

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self.after = cache(self._composed)

    def of(self, name: str, history: Sequence[RoundRecord]) -> dict[str, Any]:
        """What one institution paid after each round, or each few of many, and in the end."""
        updates, course = 0, [(0, 0)]
        for record in history:
            updates += name in record.participants or name in record.dropped
            course.append((record.round, updates))
        rounds = [[number, self.after(count)] for number, count in _thinned(course)]
        return {"epsilon": self.after(updates, True), "rounds": rounds}

    def _composed(self, updates: int, ended: bool = False) -> float:
        update = (Use(each.noise_multiplier, each.sample_rate, each.steps * updates) for each in self._of("update"))
        return epsilon([*self._of("record count"), *update, *(self._of("evaluation") if ended else ())], self._delta)

    def _of(self, what: Any) -> Iterable[Use]:
        return uses_of(self._plan, what)

    @property
    def _delta(self) -> float:
        return self._plan.privacy.dp.delta


def _asked(plan: TrainingPlan, state: RunState) -> set[str]:
    taken_part = {name for record in state.history for name in (*record.participants, *record.dropped)}
    # Under secure aggregation it was groups that announced their rows.
    return taken_part if plan.privacy.secure.enabled else taken_part | set(state.announced)


def _thinned(course: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most so many points, the last among them."""
    step = -(-len(course) // MOST_POINTS)
    return [point for place, point in enumerate(course) if (len(course) - 1 - place) % step == 0]
