"""Who takes part in a round."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import ceil

import numpy as np

from fedcare.aggregation.exchange import Exchange, RoundRecord
from fedcare.aggregation.suspicion import dealt, suspicion
from fedcare.errors import TooFewInstitutions
from fedcare.plan import TrainingPlan, derive_seed


class Choosing:
    """Chooses among the institutions that an exchange reaches, by chance that follows from the plan alone."""

    def __init__(self, plan: TrainingPlan, exchange: Exchange) -> None:
        self._plan, self._exchange = plan, exchange
        self._grouped = plan.privacy.secure.enabled and plan.privacy.secure.groups > 1

    def present(self) -> Sequence[str]:
        """Everybody; raises TooFewInstitutions where a run cannot begin."""
        present = self._exchange.institutions()
        needed = self._plan.rounds.min_available
        if len(present) < needed:
            hint = "Connect more nodes, or lower min_available."
            raise TooFewInstitutions(found=len(present), needed=needed, hint=hint)
        return present

    def suspected(self, history: Sequence[RoundRecord]) -> tuple[Set[str], Set[str]]:
        """Who may have done harm in earlier rounds, and who of them is not asked in this one.

        Whose own update is seen sits out no round, as each is tried without it; nor does anybody whom the groups need.
        """
        found, secure = suspicion(history), self._plan.privacy.secure
        if not self._grouped:
            return found.suspects, frozenset()
        needed = max(self._plan.rounds.min_per_round, secure.groups * secure.least)
        spare = max(0, len(self._exchange.institutions()) - needed)
        return found.suspects, frozenset(found.away[:spare])

    def dealt(self, round_number: int, names: list[str], suspects: Set[str]) -> list[str]:
        """Who is asked, in the order in which masked groups are dealt."""
        if not self._grouped:
            return names
        return dealt(names, suspects, derive_seed(self._plan.seed, round_number, "groups"))

    def sample(self, round_number: int, fraction: float, purpose: str, away: Set[str] = frozenset()) -> list[str]:
        """A ``fraction`` of those who are present and not ``away``, but as many as a round needs."""
        present = [name for name in self._exchange.institutions() if name not in away]
        count = min(len(present), max(ceil(fraction * len(present)), self._plan.rounds.min_per_round))
        if count == len(present):
            return present
        chooser = np.random.default_rng(derive_seed(self._plan.seed, round_number, "sample", purpose))
        return sorted(chooser.choice(present, size=count, replace=False).tolist())
