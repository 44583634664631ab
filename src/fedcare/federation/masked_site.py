"""The institution's end of secure aggregation: nothing that it says of its records leaves it but masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer
from fedcare.errors import SecureSumFailed
from fedcare.federation.messages import Instruction
from fedcare.federation.site import Site
from fedcare.federation.summands import context_of, summand
from fedcare.plan import TrainingPlan
from fedcare.privacy.secure_sum.keys import Peers, Signer
from fedcare.privacy.secure_sum.member import Member
from fedcare.privacy.secure_sum.wire import (
    Call,
    Delivery,
    Directory,
    Invite,
    Reveal,
    Survivors,
    Wire,
    meant_for,
)
from fedcare.trust.peers import made_up
from fedcare.update import Vector


def member_of(plan: TrainingPlan, signer: Signer, peers: Peers, least: int) -> Member:
    """An institution in the sums of a run; ``least``: fewest that it lets itself be added up with."""
    secure = plan.privacy.secure
    return Member(signer, peers, secure.threshold, max(least, secure.least))


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
        """The masked movement of the weights."""
        return self._answer("train", instruction, vector, lambda: self._wrapped.train(instruction, vector))

    def evaluate(self, instruction: Instruction, vector: Vector) -> Answer:
        """Masked sums of the weights' errors."""
        return self._answer("evaluate", instruction, vector, lambda: self._wrapped.evaluate(instruction, vector))

    def _answer(self, kind: str, instruction: Instruction, vector: Vector | None, work: Callable[[], Answer]) -> Answer:
        if not instruction.step:
            raise SecureSumFailed(reason="the plan asks for secure aggregation, and this is a question in the open")
        if instruction.step != "masked":
            payload = np.frombuffer(self._step(instruction).to_bytes(), np.uint8)
            return Answer(self.name, payload=payload)
        part = meant_for(self.name, Call, instruction.payload)
        context = context_of(kind, instruction, vector)
        # Refused, or given before, without any work.
        if (before := self._member.begin(part, context)) is not None:
            return Answer(self.name, payload=before)
        answer = work()
        if answer.error is not None:
            return answer
        masked = self._member.mask(part, context, summand(answer, instruction, vector))
        return Answer(self.name, payload=masked)

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
        raise SecureSumFailed(reason="this is no step of a secure sum")
