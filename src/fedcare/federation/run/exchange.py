"""The round loop's questions to real nodes, which lose connections, restart, are slow, and come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from flwr.app import Message
from flwr.common.constant import ErrorCode
from flwr.serverapp import Grid

from fedcare.aggregation.exchange import Answer
from fedcare.errors import TooFewInstitutions
from fedcare.federation.messages import Instruction, answered, ask, size_of
from fedcare.federation.questions import MessageExchange, OnAnswer
from fedcare.federation.run.asking import Asking
from fedcare.federation.run.late import Late
from fedcare.federation.run.link import Link
from fedcare.federation.run.memory import Memory
from fedcare.plan import TrainingPlan
from fedcare.update import Vector

POLL_SECONDS, LOOK_SECONDS, BACKOFF_SECONDS = 0.05, 1.0, 0.5
# The server's own word that a question or its answer got lost; an institution's own failure is an answer.
LOST = {ErrorCode.MESSAGE_UNAVAILABLE, ErrorCode.REPLY_MESSAGE_UNAVAILABLE, ErrorCode.NODE_UNAVAILABLE}
REFUSED = "refused:"


class RunExchange(MessageExchange):
    """Asks nodes over a server's grid, again where a question got lost, until the deadline of the question.

    The first answer of an institution to a question counts, whichever message brought it; what comes after the
    deadline is counted as late and thrown away. ``registered`` names the institutions that may be expected to connect,
    ``long_gone`` those of them that are waited for only where too few others come; ``waiting`` is told, whenever it
    changes, who is waited for. ``folder`` keeps what another process of the same run needs. ``check`` is called all the
    time, and ends the run by raising. Raises TooFewInstitutions where too few connect within the plan's patience.
    """

    def __init__(
        self,
        grid: Grid,
        plan: TrainingPlan,
        on_answer: OnAnswer,
        registered: Callable[[], Iterable[str]] = tuple,
        folder: Path | None = None,
        check: Callable[[], None] = lambda: None,
        long_gone: Callable[[], Collection[str]] = tuple,
        waiting: Callable[[list[str]], None] = lambda names: None,
    ) -> None:
        super().__init__(plan, on_answer)
        self._link, self._registered, self._check = Link(grid), registered, check
        self._long_gone, self._waiting = long_gone, waiting
        self._policy, self._memory, self._late = plan.rounds, Memory(folder), Late()
        self._members, self._deadlines = self._memory.recall(plan.rounds)
        self._looked = float("-inf")
        self._await_members()

    def institutions(self) -> Sequence[str]:
        """Members that can be asked, sorted. Who still works on an earlier question is left alone until it answers."""
        self._look(now=True)
        self._discard(self._link.pull(self._late.messages()))
        return [name for name in self._members.expected() if name not in self._late.busy()]

    # -- one question -------------------------------------------------------------------------------------------------

    def ask(
        self, kind: str, instruction: Instruction, vector: Vector | None, institutions: Sequence[str]
    ) -> list[Answer]:
        """One answer for each institution; one with an error where none came in time."""
        self._memory.keep(self._members, self._deadlines)
        seconds, usual = self._deadlines.seconds(kind), self._deadlines.usual(kind)
        content, group = ask(instruction, vector), str(instruction.round)
        asking = Asking(kind, content, group, institutions, seconds, self._policy.grace, usual)
        answers: dict[str, Answer] = {}
        while not asking.over:
            self._check()
            self._look()
            self._push(asking)
            if not self._take(asking, answers):
                time.sleep(BACKOFF_SECONDS if self._link.away else POLL_SECONDS)
            if self._link.away:
                asking.hold_open(self._policy.deadline)
            else:
                self._give_up(asking, answers)
        for name in list(asking.pending):
            answers[name] = self._missed(name, asking)
        return [answers[name] for name in institutions]

    def _push(self, asking: Asking) -> None:
        """Send the question to everybody who, as far as anybody can tell, does not have it."""
        outages = self._link.outages
        due = [name for name, each in asking.pending.items() if each.is_due(self._members[name], outages)]
        if due:
            pushed = self._link.push([asking.message(self._members[name].node) for name in due])
            for name, message in zip(due, pushed, strict=False):
                if message is not None:
                    self.traffic.sent += size_of(asking.content)
                    asking.pending[name].pushed(message, self._members[name], outages)

    def _take(self, asking: Asking, answers: dict[str, Answer]) -> bool:
        """Take what has come; whether anything has."""
        whose = asking.whose()
        replies = self._link.pull([*whose, *self._late.messages()])
        for message in self._discard(replies):
            name = whose.get(message.metadata.reply_to_message_id)
            # Of two answers to one question, the second is a duplicate.
            if name in asking.pending:
                if message.has_error() and message.error.code in LOST:
                    self._lost(name, message, asking)
                else:
                    answers[name] = self._counted(name, message)
                    del asking.pending[name]
                    self._deadlines.note(asking.kind, asking.age, first=len(answers) == 1)
        return bool(replies)

    def _lost(self, name: str, message: Message, asking: Asking) -> None:
        pending = asking.pending[name]
        pending.messages.discard(message.metadata.reply_to_message_id)
        pending.lost = True

    def _counted(self, name: str, message: Message) -> Answer:
        answer, member = answered(message, name), self._members[name]
        if message.has_content():
            self.traffic.received += size_of(message.content)
        member.absent, member.refused = False, (answer.error or "").startswith(REFUSED)
        self._on_answer(answer)
        return answer

    def _give_up(self, asking: Asking, answers: dict[str, Answer]) -> None:
        """No longer wait for nodes that have been away for longer than a restart takes."""
        for name in list(asking.pending):
            if min(self._members[name].seconds_offline(), asking.age) > self._policy.grace:
                answers[name] = self._missed(name, asking)
                del asking.pending[name]

    def _missed(self, name: str, asking: Asking) -> Answer:
        member = self._members[name]
        member.absent = True
        if member.online:
            self._late.add(name, asking)
        answer = Answer(
            name, error=f"{'no' if member.online else 'not connected, no'} answer within {asking.age:.3g} s"
        )
        self._on_answer(answer)
        return answer

    def _discard(self, replies: Iterable[Message]) -> list[Message]:
        """The replies without those to earlier questions, which are counted."""
        kept = []
        for message in replies:
            if not self._late.took(message):
                kept.append(message)
            elif message.has_content():
                self.traffic.late += 1
        return kept

    # -- who is there -------------------------------------------------------------------------------------------------

    def _look(self, now: bool = False) -> None:
        """Learn which nodes are connected, once a second."""
        if now or time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            if (nodes := self._link.nodes()) is not None:
                for name in self._members.refresh(nodes):
                    self._late.forget(name)

    def _await_members(self) -> None:
        """Until all who may be expected are connected, or the plan's patience is at an end."""
        end, told = time.monotonic() + self._policy.patience, list[str]()
        while True:
            self._check()
            self._look(now=True)
            wanted = {*(self._link.reach(self._registered) or ()), *self._members.expected()}
            missing = wanted - set(self._members.online())
            if len(self._members.expected()) >= self._policy.min_available:
                missing -= set(self._long_gone())
            if (wanted and not missing) or time.monotonic() >= end:
                break
            if sorted(missing) != told:
                told = sorted(missing)
                self._waiting(told)
            time.sleep(BACKOFF_SECONDS)
        expected, needed = self._members.expected(), self._policy.min_available
        if len(expected) < needed:
            absent = f"Not connected: {', '.join(sorted(missing))}. " if missing else ""
            hint = f"{absent}Start their nodes (`fedcare node run`), or lower min_available."
            raise TooFewInstitutions(found=len(expected), needed=needed, hint=hint)
