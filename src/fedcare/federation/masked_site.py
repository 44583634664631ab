"""The institution's end of secure aggregation: nothing that it says of its records leaves it but masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fedcare.aggregation.exchange import Answer
from fedcare.errors import SecureSumFailed
from fedcare.federation.messages import Instruction
from fedcare.federation.outgoing import Pending
from fedcare.federation.scaled_sums import is_scaled, on_scale, scale_in, scaled_summand, spread_summand
from fedcare.federation.site import Site
from fedcare.federation.summands import question_of, summand, with_rows
from fedcare.plan import TrainingPlan
from fedcare.privacy.homomorphic import require_installed
from fedcare.privacy.secure_sum.encrypted_member import EncryptingMember
from fedcare.privacy.secure_sum.keys import Peers, Signer
from fedcare.privacy.secure_sum.member import Member
from fedcare.privacy.secure_sum.wire import (
    Call,
    Decrypt,
    Delivery,
    Directory,
    Invite,
    Reveal,
    Scaled,
    Survivors,
    Wire,
    meant_for,
)
from fedcare.trust.peers import made_up
from fedcare.update import Vector


def member_of(plan: TrainingPlan, signer: Signer, peers: Peers, least: int) -> Member:
    """An institution in the sums of a run; ``least``: fewest that it lets itself be added up with.

    Raises BadSetting for encryption that is not installed here.
    """
    secure = plan.privacy.secure
    if secure.method == "ckks":
        require_installed()
    kind = EncryptingMember if secure.method == "ckks" else Member
    return kind(signer, peers, secure.threshold, max(least, secure.least))


def masked(plan: TrainingPlan, sites: Sequence[Site]) -> Sequence[Site]:
    """The sites of a simulation as the plan wants them: with keys of their own where it masks what they answer."""
    if not plan.privacy.secure.enabled:
        return sites
    keys, peers = made_up(site.name for site in sites)
    return [MaskedSite(site, member_of(plan, keys[site.name], peers, plan.privacy.secure.least)) for site in sites]


class MaskedSite(Site):
    """A site under a plan with secure aggregation: it answers the protocol's steps, and no question in the open."""

    masks = True

    def __init__(self, site: Site, member: Member) -> None:
        self.name = site.name
        self._wrapped, self._member = site, member

    def statistics(self, instruction: Instruction) -> Answer:
        """A step of the protocol, or masked counts and sums of the training rows."""
        return self._answer("statistics", instruction, None, lambda: self._wrapped.statistics(instruction))

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        """The masked movement of the weights; with eight bits a weight, first how far blocks of them moved."""
        if is_scaled(instruction.recipe()[0], "train"):
            match instruction.step:
                case "scales":
                    return self._spread(instruction, vector)
                case "masked":
                    return self._scaled(instruction)
        return self._answer("train", instruction, vector, lambda: self._wrapped.train(instruction, vector))

    def evaluate(self, instruction: Instruction, vector: Vector) -> Answer:
        """Masked sums of the weights' errors."""
        return self._answer("evaluate", instruction, vector, lambda: self._wrapped.evaluate(instruction, vector))

    def _answer(self, kind: str, instruction: Instruction, vector: Vector | None, work: Callable[[], Answer]) -> Answer:
        if not instruction.step:
            raise SecureSumFailed(reason="the plan asks for secure aggregation, and this is a question in the open")
        if instruction.step != self._member.answering:
            payload = np.frombuffer(self._step(instruction).to_bytes(), np.uint8)
            return Answer(self.name, payload=payload)
        part, question = meant_for(self.name, Call, instruction.payload), question_of(kind, instruction, vector)
        context = with_rows(question, instruction)
        # Refused, or given before, without any work.
        if (before := self._member.begin(part, context)) is not None:
            return Answer(self.name, payload=before)
        answer = work()
        if answer.error is not None:
            return answer
        masked = self._member.mask(part, context, summand(answer, instruction, vector), question)
        return Answer(self.name, payload=masked)

    # -- eight bits a weight ------------------------------------------------------------------------------------------

    def _spread(self, instruction: Instruction, vector: Vector) -> Answer:
        part, question = meant_for(self.name, Call, instruction.payload), question_of("train", instruction, vector)
        context = with_rows(question, instruction)
        if (before := self._member.begin(part, context)) is not None:
            return Answer(self.name, payload=before)
        pending = self._wrapped.outgoing.pending
        if pending is None or pending.question != question:
            answer = self._wrapped.train(instruction, vector)
            if answer.error is not None or answer.vector is None:
                return answer
            moved = replace(answer, vector=answer.vector - vector)
            pending = self._wrapped.outgoing.pending = Pending(question, instruction.round, moved)
        masked = spread_summand(pending.answer, instruction)
        return Answer(self.name, payload=self._member.mask(part, context, masked, f"scales:{question}"))

    def _scaled(self, instruction: Instruction) -> Answer:
        """The movement that the first question was about; the weights have not come a second time."""
        part, pending = meant_for(self.name, Scaled, instruction.payload), self._wrapped.outgoing.pending
        if pending is None or pending.round != instruction.round:
            raise SecureSumFailed(reason="this institution was not asked first how far weights moved in this round")
        scale = scale_in(part, instruction)
        context = on_scale(with_rows(pending.question, instruction), scale)
        if (before := self._member.begin(part, context)) is not None:
            return Answer(self.name, payload=before)
        masked, rest = scaled_summand(pending.answer, instruction, scale)
        self._wrapped.outgoing.feedback.keep(instruction.round, rest)
        return Answer(self.name, payload=self._member.mask(part, context, masked, pending.question))

    # -- any step -----------------------------------------------------------------------------------------------------

    def _step(self, instruction: Instruction) -> Wire:
        member, sent = self._member, instruction.payload
        match instruction.step:
            case "invite":
                # The plan's text is what institutions approved; keys made under one plan are good for no other.
                return member.invite(instruction.plan_hash, meant_for(self.name, Invite, sent))
            case "share":
                return member.share(meant_for(self.name, Directory, sent))
            case "deliver":
                return member.deliver(meant_for(self.name, Delivery, sent))
            case "survivors":
                return member.survivors(meant_for(self.name, Survivors, sent))
            case "reveal":
                return member.reveal(meant_for(self.name, Reveal, sent))
            case "decrypt":
                return member.decrypt(meant_for(self.name, Decrypt, sent))
        raise SecureSumFailed(reason="this is no step of a secure sum")
