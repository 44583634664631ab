"""The institution's privacy ledger at its node: kept in its own database, asked before anything is computed.

Where the database does not answer, nothing is written, so nothing is trained and nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fedcare.db import privacy
from fedcare.federation.node.question import Question
from fedcare.federation.node.store import NodeStore
from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.ledger import Entry, Floats, Kind
from fedcare.privacy.planned import planned_uses

UNBOUNDED = float("inf")


class NodeLedger:
    """The ledger of one run at one institution.

    ``charges`` counts what this process has written down, or found written down with the answer, so that an answer
    which nobody paid for can be told.
    """

    def __init__(self, store: NodeStore, run: privacy.Run) -> None:
        self._store, self._run = store, run
        self.charges = 0

    @classmethod
    def of(cls, store: NodeStore, question: Question) -> NodeLedger:
        """The ledger of a question's run."""
        return cls(store, privacy.Run(question.run, question.plan_hash, question.plan.task_name[:100]))

    def open(self, plan: TrainingPlan) -> None:
        """Reserve all that the plan will release, once a run, or note that nothing bounds it.

        Raises BudgetSpent, BadSetting for a plan whose epsilon no noise can keep, and DatabaseUnavailable.
        """
        if not plan.privacy.dp.enabled:
            self._once("unbounded", ())
            return
        planned = tuple(planned_uses(plan))
        with self._store.transaction() as tx:
            allowed, account = privacy.budget(tx), privacy.account(tx)
        if not account.is_open(self._run.key):
            # Composing takes seconds. What is computed here is known below, where others wait for the lock.
            account.admit(Entry(self._run.key, "reserved", planned), allowed)
            self._once("reserved", planned)

    def charge(self, what: str, round_number: int, uses: Sequence[Use]) -> None:
        """As ``privacy.ledger.Ledger.charge``; raises DatabaseUnavailable too."""
        with self._store.transaction() as tx:
            privacy.write(tx, self._store.institution_id, self._run, "begun", uses, what, round_number)
        self.charges += 1

    def release(
        self, what: str, round_number: int, uses: Sequence[Use], question: str, value: Callable[[], Floats]
    ) -> Floats:
        """As ``privacy.ledger.Ledger.release``; raises DatabaseUnavailable too."""
        with self._store.transaction() as tx:
            # Two that ask the same at once would else both make an answer.
            privacy.hold(tx, self._store.institution_id)
            kept = privacy.answer(tx, self._run, question)
            if kept is None:
                privacy.write(tx, self._store.institution_id, self._run, "begun", uses, what, round_number)
                kept = value().astype("<f8").tobytes()
                privacy.keep(tx, self._store.institution_id, self._run, question, kept)
        self.charges += 1
        return np.frombuffer(kept, "<f8").astype(np.float64)

    def _once(self, kind: Kind, uses: Sequence[Use]) -> None:
        """Write what a run's beginning is, unless the run has begun already."""
        with self._store.transaction() as tx:
            privacy.hold(tx, self._store.institution_id)
            if not privacy.has_begun(tx, self._run):
                privacy.write(tx, self._store.institution_id, self._run, kind, uses)


def cost_of(plan: TrainingPlan, delta: float) -> float:
    """What a run of the plan costs at the institution's own delta; infinite where nothing bounds it."""
    return epsilon(planned_uses(plan), delta) if plan.privacy.dp.enabled else UNBOUNDED
