"""Everything that must be true before the institution works on a question, in the order in which it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from fedcare.data.records import Institution
from fedcare.data.split import institution
from fedcare.db import privacy
from fedcare.errors import DatabaseUnavailable, FedCareError, OneClassOnly, PlanRefused, TooFewRecords
from fedcare.federation.masked_site import member_of
from fedcare.federation.node.approvals import verdict
from fedcare.federation.node.config import NodeConfig, NodeFolder
from fedcare.federation.node.ledger import NodeLedger, cost_of
from fedcare.federation.node.question import Question
from fedcare.federation.node.records import records_of, source_of
from fedcare.federation.node.store import NodeStore
from fedcare.federation.site import Site
from fedcare.plan import TrainingPlan
from fedcare.privacy.secure_sum.member import Member
from fedcare.trust.identity import load
from fedcare.trust.peers import CertifiedKey, KnownPeers


@dataclass(frozen=True)
class Permit:
    """The work may begin: on what, by whose word, and where it is charged.

    ``member`` is the institution's part in the run's secure sums, None where the plan has none.
    """

    site: Site
    by: str
    ledger: NodeLedger
    member: Member | None = None


class Guard:
    """Keeps the records of the run that is going on; another run's are read anew."""

    def __init__(self, folder: NodeFolder, config: NodeConfig, store: NodeStore) -> None:
        self._folder, self._config, self._store = folder, config, store
        self._member: Member | None = None
        self._site: tuple[tuple[str, str], Site, NodeLedger] | None = None

    def permit(self, question: Question) -> Permit:
        """Let a question pass. Raises PlanRefused with what to do about it, DatabaseUnavailable to be asked again."""
        try:
            _check_hash(question)
            cost = self._cost(question)
            with self._store.transaction() as tx:
                found = verdict(tx, self._store.institution_id, question, cost)
            if found.refusal is not None:
                raise PlanRefused(reason=found.refusal)
            self._check_limits(question)
            site, ledger = self._site_for(question)
            return Permit(site, found.by, ledger, self._member)
        except (DatabaseUnavailable, PlanRefused):
            raise
        except FedCareError as error:
            raise PlanRefused(reason=str(error)) from error

    def _cost(self, question: Question) -> float:
        """Epsilon of the plan at the institution's delta, found outside of any transaction since it takes seconds."""
        with self._store.transaction() as tx:
            budget = privacy.budget(tx)
        if budget.private_only and not question.plan.privacy.dp.enabled:
            reason = "this institution takes part in plans with differential privacy alone, and this one has none"
            raise PlanRefused(reason=reason)
        return cost_of(question.plan, budget.delta)

    def _check_limits(self, question: Question) -> None:
        plan, limits = question.plan, self._config.limits
        source_of(self._config, question.task.name)
        if plan.rounds.rounds > limits.rounds:
            raise PlanRefused(reason=f"the plan has {plan.rounds.rounds} rounds, and this node makes {limits.rounds}")
        if plan.privacy.dp.seeded_noise:
            raise PlanRefused(reason="its noise follows from the plan, so whoever knows the plan can take it off again")
        if plan.local.epochs > limits.epochs:
            raise PlanRefused(reason=f"the plan has {plan.local.epochs} epochs, and this node makes {limits.epochs}")
        if not 0 <= question.instruction.round <= plan.rounds.rounds:
            reason = f"round {question.instruction.round} of a plan of {plan.rounds.rounds} rounds"
            raise PlanRefused(reason=reason)

    def _site_for(self, question: Question) -> tuple[Site, NodeLedger]:
        key = (question.run, question.plan_hash)
        if self._site is None or self._site[0] != key:
            # Two runs' records at once would not fit where one run's do.
            self._site = None
            ledger = NodeLedger.of(self._store, question)
            site = Site(self._parts(question), ledger)
            ledger.open(question.plan)
            self._site, self._member = (key, site, ledger), self._member_for(question.plan)
        return self._site[1:]

    def _member_for(self, plan: TrainingPlan) -> Member | None:
        """The institution in the run's secure sums, with new secrets for each run."""
        if not plan.privacy.secure.enabled:
            return None
        identity = load(self._folder.path)
        peers = KnownPeers(x509.load_pem_x509_certificate(identity.ca_pem), self._folder.path)
        return member_of(plan, CertifiedKey.of(identity), peers, self._config.limits.together)

    def _parts(self, question: Question) -> Institution:
        """The institution's records; raises as they do, without a figure of theirs where the plan is private."""
        task, plan = question.task, question.plan
        private = plan.privacy.dp.enabled
        try:
            records = records_of(self._config, self._store, task, self._config.limits.records)
            # Exactly as a simulation does it, so that both end in the same bits.
            parts = institution(self._config.institution, records, task.kind, plan.seed, alone=private)
            _check_enough(parts, plan.rounds.min_records)
        except (TooFewRecords, OneClassOnly) as error:
            if private:
                raise PlanRefused(reason="the institution has not the records that the plan asks for") from error
            raise
        return parts


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
