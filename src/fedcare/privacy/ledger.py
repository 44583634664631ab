"""The rules of a privacy budget: what is charged, when a run is refused, and what a crash costs.

All releases of an institution's records are composed, whichever run, model and round they belong to. A run reserves
what its whole plan will release before it may begin; each release is then written down before it is made. What a run
costs is the greater of both, mechanism by mechanism: work within the plan is paid for already, and an answer that is
made a second time with fresh noise, because a crash lost the first, is charged beyond it. So a crash can waste budget
and never overspend it. Only when an institution settles a run does the unused rest of its reservation come back: what
was never written down was never begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from fedcare.errors import BudgetSpent
from fedcare.privacy.accounting import Use, epsilon

# "unbounded" marks a run without differential privacy: no epsilon holds for it, and none is claimed.
Kind = Literal["reserved", "begun", "settled", "unbounded"]
Amounts = Counter[tuple[float, float]]
"""Steps by mechanism: a noise multiplier and a sample rate."""
Floats = npt.NDArray[np.float64]

# A sum of the same numbers in another order may end a few units in the last place higher.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Budget:
    """What the releases of an institution's records may cost together, as its own administrator sets it.

    ``epsilon`` and ``delta`` bound the loss of each patient over all runs. ``private_only``: runs without differential
    privacy are refused, and the coordinator is not told how many records there are.
    """

    epsilon: float = 1.0
    delta: float = 1e-5
    private_only: bool = False

    def allows(self, spent: float) -> bool:
        """Whether so much epsilon is within the budget."""
        return spent <= self.epsilon * (1.0 + ROUNDING)


@dataclass(frozen=True)
class Entry:
    """One row of a ledger. ``run`` tells runs apart: its name and the hash of its plan."""

    run: str
    kind: Kind
    uses: tuple[Use, ...] = ()


class Ledger(Protocol):
    """Where the releases of one institution's records in one run are charged."""

    def charge(self, what: str, round_number: int, uses: Sequence[Use]) -> None:
        """Write down what one answer releases, before anything of it is computed.

        Raises BudgetSpent where the budget does not allow it, and whatever keeps it from being written down: then
        nothing may be released.
        """
        ...

    def release(
        self, what: str, round_number: int, uses: Sequence[Use], question: str, value: Callable[[], Floats]
    ) -> Floats:
        """The noisy numbers that answer a ``question``, by its digest: made and charged the first time, and kept.

        Asked again, the run gives the same bits at no cost. The charge and the numbers are written down together, so
        that neither stands without the other, and ``value`` is called only where the budget allows it. Raises as
        ``charge`` does: then the numbers may not leave.
        """
        ...


class Account:
    """The entries of one institution's ledger, added up."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._reserved: dict[str, Amounts] = {}
        self._begun: dict[str, Amounts] = {}
        for entry in entries:
            self._add(entry)

    def is_open(self, run: str) -> bool:
        """Whether a run has a reservation."""
        return run in self._reserved

    def spent(self, delta: float) -> float:
        """Epsilon of everything that is reserved or begun, at ``delta``."""
        return epsilon(self.uses(), delta)

    def uses(self) -> tuple[Use, ...]:
        """Everything that is reserved or begun, by mechanism."""
        total: Amounts = Counter()
        for run in self._reserved.keys() | self._begun.keys():
            # The union of counters is the greater of both, mechanism by mechanism.
            total += self._reserved.get(run, Counter()) | self._begun.get(run, Counter())
        return _uses_in(total)

    def begun(self, run: str) -> tuple[Use, ...]:
        """What a run has released, or was about to when it was cut off."""
        return _uses_in(self._begun.get(run, Counter()))

    def admit(self, entry: Entry, budget: Budget) -> float:
        """Add an entry and return what is spent then; raises BudgetSpent, with nothing added, beyond the budget."""
        after = Account()
        after._reserved, after._begun = dict(self._reserved), {run: Counter(own) for run, own in self._begun.items()}
        after._add(entry)
        total = after.spent(budget.delta)
        if entry.kind in ("reserved", "begun") and not budget.allows(total):
            spent = self.spent(budget.delta)
            left = max(0.0, budget.epsilon - spent)
            raise BudgetSpent(after=total, spent=spent, left=left, budget=budget.epsilon, delta=budget.delta)
        self._reserved, self._begun = after._reserved, after._begun
        return total

    def _add(self, entry: Entry) -> None:
        if entry.kind == "reserved":
            self._reserved[entry.run] = _amounts(entry.uses)
        elif entry.kind == "begun":
            self._begun.setdefault(entry.run, Counter()).update(_amounts(entry.uses))
        elif entry.kind == "settled":
            self._reserved.pop(entry.run, None)


class MemoryLedger:
    """The ledger of an institution that exists in this process alone, for one run: a simulation's."""

    def __init__(self, budget: Budget, planned: Sequence[Use]) -> None:
        self.budget, self.account = budget, Account()
        self.account.admit(Entry("", "reserved", tuple(planned)), budget)
        self._answers: dict[str, Floats] = {}

    def charge(self, what: str, round_number: int, uses: Sequence[Use]) -> None:
        """As ``Ledger.charge``."""
        self.account.admit(Entry("", "begun", tuple(uses)), self.budget)

    def release(
        self, what: str, round_number: int, uses: Sequence[Use], question: str, value: Callable[[], Floats]
    ) -> Floats:
        """As ``Ledger.release``."""
        if question not in self._answers:
            self.charge(what, round_number, uses)
            self._answers[question] = value()
        return self._answers[question].copy()


def _amounts(uses: Iterable[Use]) -> Amounts:
    found: Amounts = Counter()
    for use in uses:
        found[use.noise_multiplier, use.sample_rate] += use.steps
    return found


def _uses_in(amounts: Amounts) -> tuple[Use, ...]:
    return tuple(Use(noise, rate, steps) for (noise, rate), steps in sorted(amounts.items()))
