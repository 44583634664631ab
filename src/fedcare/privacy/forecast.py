"""What a run would cost an institution before anybody begins it, and how many such runs its budget allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.ledger import Account, Budget

# Nobody plans further ahead, and each further doubling composes as many runs again.
MOST_RUNS = 1024


@dataclass(frozen=True)
class Forecast:
    """Epsilon at the budget's delta: of one run by itself, of everything so far, and of both; how many runs fit."""

    run: float
    spent: float
    after: float
    runs: int

    @property
    def fits(self) -> bool:
        """Whether one run may begin."""
        return self.runs > 0


def forecast(account: Account, planned: Sequence[Use], budget: Budget) -> Forecast:
    """What a run of ``planned`` uses would cost on top of what an account holds; ``runs`` is ``MOST_RUNS`` at most."""
    before = account.uses()

    def after(runs: int) -> float:
        more = (Use(use.noise_multiplier, use.sample_rate, use.steps * runs) for use in planned)
        return epsilon([*before, *more], budget.delta)

    return Forecast(
        run=epsilon(planned, budget.delta),
        spent=account.spent(budget.delta),
        after=after(1),
        runs=_most(lambda runs: budget.allows(after(runs))),
    )


def _most(fits: Callable[[int], bool]) -> int:
    """The greatest number up to ``MOST_RUNS`` that fits, where all smaller ones do; 0 for none."""
    if not fits(1):
        return 0
    low, high = 1, 2
    while high <= MOST_RUNS and fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return min(low, MOST_RUNS)
