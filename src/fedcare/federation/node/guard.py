"""Everything that must be true before the institution works on a question, in the order in which it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fedcare.data.records import Institution
from fedcare.data.split import institution
from fedcare.errors import DatabaseUnavailable, FedCareError, PlanRefused, TooFewRecords
from fedcare.federation.node.approvals import verdict
from fedcare.federation.node.config import NodeConfig
from fedcare.federation.node.question import Question
from fedcare.federation.node.records import records_of, source_of
from fedcare.federation.node.store import NodeStore
from fedcare.federation.site import Site


@dataclass(frozen=True)
class Permit:
    """The work may begin: on what, and by whose word."""

    site: Site
    by: str


class Guard:
    """Keeps the records of the run that is going on; another run's are read anew."""

    def __init__(self, config: NodeConfig, store: NodeStore) -> None:
        self._config, self._store = config, store
        self._site: tuple[tuple[str, str], Site] | None = None

    def permit(self, question: Question) -> Permit:
        """Let a question pass. Raises PlanRefused with what to do about it, DatabaseUnavailable to be asked again."""
        try:
            _check_hash(question)
            with self._store.transaction() as tx:
                found = verdict(tx, self._store.institution_id, question)
            if found.refusal is not None:
                raise PlanRefused(reason=found.refusal)
            self._check_limits(question)
            return Permit(self._site_for(question), found.by)
        except (DatabaseUnavailable, PlanRefused):
            raise
        except FedCareError as error:
            raise PlanRefused(reason=str(error)) from error

    def _check_limits(self, question: Question) -> None:
        plan, limits = question.plan, self._config.limits
        source_of(self._config, question.task.name)
        if plan.rounds.rounds > limits.rounds:
            raise PlanRefused(reason=f"the plan has {plan.rounds.rounds} rounds, and this node makes {limits.rounds}")
        if plan.local.epochs > limits.epochs:
            raise PlanRefused(reason=f"the plan has {plan.local.epochs} epochs, and this node makes {limits.epochs}")
        if not 0 <= question.instruction.round <= plan.rounds.rounds:
            reason = f"round {question.instruction.round} of a plan of {plan.rounds.rounds} rounds"
            raise PlanRefused(reason=reason)

    def _site_for(self, question: Question) -> Site:
        key = (question.run, question.plan_hash)
        if self._site is None or self._site[0] != key:
            # Two runs' records at once would not fit where one run's do.
            self._site = None
            task, plan = question.task, question.plan
            records = records_of(self._config, self._store, task, self._config.limits.records)
            # Exactly as a simulation does it, so that both end in the same bits.
            parts = institution(self._config.institution, records, task.kind, plan.seed)
            _check_enough(parts, plan.rounds.min_records)
            self._site = key, Site(parts)
        return self._site[1]


def _check_hash(question: Question) -> None:
    if question.claimed is not None and question.claimed != question.plan_hash:
        reason = (
            f"the run was started with plan {question.claimed[:12]} and sends another, {question.plan_hash[:12]}."
            " Tell the consortium: this is no accident"
        )
        raise PlanRefused(reason=reason)


def _check_enough(parts: Institution, needed: int) -> None:
    if len(parts.train) < needed:
        hint = "The run goes on without this institution."
        raise TooFewRecords(who=parts.name, found=len(parts.train), needed=needed, hint=hint)
