"""The node's main loop: fetch a question, ask the guard, work, log, answer. It ends only when it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import structlog
from flwr.app import Context, Message, RecordDict

from fedcare.aggregation.exchange import Answer
from fedcare.db import privacy
from fedcare.errors import BadNodeSettings, DatabaseUnavailable, FedCareError, PlanRefused
from fedcare.federation.client_app import client_app
from fedcare.federation.masked_site import MaskedSite
from fedcare.federation.messages import Instruction, asked, reply
from fedcare.federation.node import egress
from fedcare.federation.node.config import NodeConfig, NodeFolder
from fedcare.federation.node.fleet import Envelope, Fleet, Heartbeat
from fedcare.federation.node.guard import Guard, Permit
from fedcare.federation.node.kept_answers import KeptAnswers
from fedcare.federation.node.memory import give_back
from fedcare.federation.node.question import Question
from fedcare.federation.node.store import NodeStore
from fedcare.federation.site import Site
from fedcare.update import Vector

log = structlog.get_logger("fedcare.node")
T = TypeVar("T")

QUICK, IDLE = 0.1, 2.0
# Of the time since the last question, how much may pass before the next one is noticed.
SHARE = 0.1
# Seconds without a question after which memory is given back.
SPARING = 5.0
LONGEST_BACKOFF = 5.0
DATABASE_PAUSE = 0.5
PAUSE = 0.2


class Agent:
    """One institution's node, over one connection to the fleet and one to the institution's database."""

    def __init__(self, folder: NodeFolder, config: NodeConfig, store: NodeStore) -> None:
        self._store, self._name = store, config.institution
        self._fleet = Fleet(folder, config.coordinator)
        self._guard, self._kept = Guard(folder, config, store), KeptAnswers()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._configs: dict[int, dict[str, object]] = {}
        self._active, self._sparing = time.monotonic(), False
        self.state = "connecting"

    def stop(self) -> None:
        """Finish after the question that is being worked on; safe to call from a signal handler or a thread."""
        self._stop.set()

    def run(self) -> None:
        """Serve until stopped."""
        heartbeat = Heartbeat(self._fleet, self._lost.set)
        self._connect()
        heartbeat.start()
        try:
            while not self._stop.is_set():
                self._step()
        finally:
            heartbeat.stop()
            self._fleet.leave()
            log.info("stopped")

    def _step(self) -> None:
        """One look for a question, and whatever it brings."""
        if self._lost.is_set():
            self._connect()
        try:
            envelope = self._fleet.receive()
            if envelope is None:
                self._pause()
                return
            self._serve(envelope)
            self._active, self._sparing = time.monotonic(), False
        except Exception as error:  # Whatever became of one question, the node goes on to serve the next.
            # It may have been lost on the way, and would never come again by itself.
            log.warning("connection lost", reason=_reason(error))
            self._stop.wait(PAUSE)
            self._connect()

    def _pause(self) -> None:
        """Wait: hardly at all while a run is going on, longer the longer nothing happened."""
        self.state = "waiting"
        idle = time.monotonic() - self._active
        if idle > SPARING and not self._sparing:
            self._sparing = True
            give_back()
        self._stop.wait(min(IDLE, max(QUICK, SHARE * idle)))

    def _connect(self) -> None:
        """Join the fleet, however long it takes."""
        backoff = 0.2
        while not self._stop.is_set():
            try:
                self._fleet.connect()
                self._lost.clear()
                self.state = "waiting"
                log.info("connected", node_id=self._fleet.node_id)
                return
            except (httpx.HTTPError, OSError, ValueError, BadNodeSettings) as error:
                self.state = "connecting"
                log.warning("the coordinator cannot be reached", reason=_reason(error), again_in=round(backoff, 1))
                self._stop.wait(backoff)
                backoff = min(LONGEST_BACKOFF, backoff * 1.6)

    # -- one question -------------------------------------------------------------------------------------------------

    def _serve(self, envelope: Envelope) -> None:
        started = time.perf_counter()
        try:
            config = self._config_of(envelope.run_id)
            message = self._fleet.open(envelope)
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (403, 404):
                raise
            log.info("the run is over; its question is dropped", run=envelope.run_id)
            return
        answer = self._answer(message, config)
        if answer is not None:
            # How long the work took says how many rows there are.
            self._send(answer, message, 0.0 if _is_private(message) else time.perf_counter() - started)

    def _config_of(self, run_id: int) -> dict[str, object]:
        if run_id not in self._configs:
            self._configs = {run_id: self._fleet.run_config(run_id)}
        return self._configs[run_id]

    def _answer(self, message: Message, config: dict[str, object]) -> Message | None:
        """The reply to a question, logged and ready to leave; None where nobody waits for it any more."""
        try:
            question = Question.of(message, config)
        except PlanRefused as refusal:
            return self._refuse(message, refusal)
        told = {"run": question.run, "round": question.instruction.round, "kind": question.kind}
        try:
            permit = self._patiently(question, lambda: self._guard.permit(question))
        except PlanRefused as refusal:
            return self._refuse(message, refusal, **told)
        if permit is None:
            return None
        self.state = f"{question.kind} of round {question.instruction.round}"
        answer = self._work(question, permit)
        if answer.has_error():
            log.error("failed", reason=answer.error.reason, **told)
            return answer
        if self._patiently(question, lambda: self._log(question, answer, permit)) is None:
            return None
        log.info("answered", approved_by=permit.by, **told)
        return answer

    def _work(self, question: Question, permit: Permit) -> Message:
        site: Site = _Keeping(permit, question, self._kept)
        if permit.member is not None:
            site = MaskedSite(site, permit.member)
        app = client_app(lambda _: site)
        node_id = self._fleet.node_id or 0
        context = Context(question.message.metadata.run_id, node_id, {}, RecordDict(), {})
        return app(message=question.message, context=context)

    def _log(self, question: Question, answer: Message, permit: Permit) -> bool:
        with self._store.transaction() as tx:
            spent = privacy.newest(tx) if question.plan.privacy.dp.enabled else None
            epsilon = None if spent is None else spent.epsilon
            egress.record_answer(tx, self._store.institution_id, question, answer.content, permit.by, epsilon)
        return True

    def _refuse(self, message: Message, refusal: PlanRefused, **told: object) -> Message:
        log.warning("refused", reason=refusal.details["reason"], **told)
        return reply(Answer(self._name, error=str(refusal)), message)

    def _patiently(self, question: Question, work: Callable[[], T]) -> T | None:
        """Do what needs the database, as soon as it answers; None where it does not while somebody waits."""
        while True:
            try:
                return work()
            except DatabaseUnavailable:
                self.state = "waiting for the database"
                log.warning("the database does not answer; nothing leaves until it does", run=question.run)
            if question.seconds_left() <= 0 or self._stop.wait(DATABASE_PAUSE):
                return None

    def _send(self, answer: Message, message: Message, seconds: float) -> None:
        """Send an answer until it is there or nobody waits for it; a coordinator that restarts is waited for."""
        until = time.monotonic() + max(1.0, message.metadata.ttl)
        backoff = 0.1
        while True:
            try:
                return self._fleet.send(answer, seconds)
            except httpx.HTTPStatusError as error:
                if error.response.status_code < 500:
                    log.info("the answer is no longer wanted", status=error.response.status_code)
                    return None
                reason: Exception = error
            except httpx.TransportError as error:
                reason = error
            log.warning("the answer could not be sent", reason=_reason(reason), again_in=round(backoff, 1))
            if time.monotonic() > until or self._stop.wait(backoff):
                return None
            backoff = min(LONGEST_BACKOFF, backoff * 1.6)


class _Keeping(Site):
    """A site that answers a repeated question with what it answered before.

    Under differential privacy an answer that was charged to nothing does not leave.
    """

    def __init__(self, permit: Permit, question: Question, kept: KeptAnswers) -> None:
        self.name, self.outgoing = permit.site.name, permit.site.outgoing
        self._wrapped, self._ledger, self._question, self._kept = permit.site, permit.ledger, question, kept

    def statistics(self, instruction: Instruction) -> Answer:
        return self._once(lambda: self._wrapped.statistics(instruction))

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        return self._once(lambda: self._wrapped.train(instruction, vector))

    def evaluate(self, instruction: Instruction, vector: Vector) -> Answer:
        return self._once(lambda: self._wrapped.evaluate(instruction, vector))

    def _once(self, work: Callable[[], Answer]) -> Answer:
        run, digest = self._question.run, self._question.digest
        answer = self._kept.find(run, digest)
        if answer is None:
            charged = self._ledger.charges
            answer = work()
            if self._question.plan.privacy.dp.enabled and self._ledger.charges == charged:
                raise RuntimeError("an answer of a private run that nobody has charged to the budget")
            self._kept.keep(run, digest, answer)
        return answer


def _is_private(message: Message) -> bool:
    """Whether a question's plan has differential privacy; what is no question has none."""
    try:
        return asked(message)[0].recipe()[0].privacy.dp.enabled
    except Exception:
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, FedCareError):
        return str(error)
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}: {error.response.text[:200]}"
    return f"{type(error).__name__}: {error}"
