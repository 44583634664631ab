"""One question to some institutions: which messages carry it, who has yet to answer, and who is to be asked again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from flwr.app import Message, RecordDict

from fedcare.federation.run.members import Member

# Nobody is asked again sooner without a reason: a duplicate costs the institution a download.
LEAST_REPEAT_SECONDS, UNKNOWN_REPEAT_SECONDS = 15.0, 60.0


@dataclass
class Pending:
    """An institution whose answer is missing.

    ``activated`` is the activation of its node that was asked, ``outages`` how often the server had come back by then.
    ``repeat`` is a time of the monotonic clock: then it is asked again although nothing says that the question was
    lost. ``lost``: the server itself says so, or nothing was sent yet.
    """

    pause: float
    messages: set[str] = field(default_factory=set)
    activated: str = ""
    outages: int = 0
    repeat: float = 0.0
    lost: bool = True

    def is_due(self, member: Member, outages: int) -> bool:
        """Whether to push the question now: the node is there and, as far as anybody can tell, does not have it."""
        restarted = self.activated != member.activated or self.outages != outages
        return member.online and (self.lost or restarted or time.monotonic() >= self.repeat)

    def pushed(self, message: str, member: Member, outages: int) -> None:
        """The question is on its way once more; each pause is twice the last."""
        self.messages.add(message)
        self.activated, self.outages, self.lost = member.activated, outages, False
        self.repeat = time.monotonic() + self.pause
        self.pause *= 2


class Asking:
    """A question under way, until ``seconds`` have passed.

    ``usual``: seconds that such a question took lately, None where nobody knows. ``grace``: seconds for which a message
    lives on after the deadline, so that late answers are seen to be late.
    """

    def __init__(
        self,
        kind: str,
        content: RecordDict,
        group: str,
        names: Iterable[str],
        seconds: float,
        grace: float,
        usual: float | None = None,
    ) -> None:
        self.kind, self.content, self.seconds, self.grace = kind, content, seconds, grace
        self._group, self._started = group, time.monotonic()
        pause = UNKNOWN_REPEAT_SECONDS if usual is None else max(LEAST_REPEAT_SECONDS, 4 * usual)
        self.pending = {name: Pending(pause) for name in names}

    @property
    def age(self) -> float:
        """Seconds since the question was asked."""
        return time.monotonic() - self._started

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: all have answered, or the deadline has passed."""
        return not self.pending or self.age >= self.seconds

    def hold_open(self, most: float) -> None:
        """The server is away, which is nobody's delay: after its return there are ``grace`` seconds at least.

        ``most``: seconds after which the deadline passes all the same.
        """
        self.seconds = min(max(self.seconds, most), max(self.seconds, self.age + self.grace))

    def message(self, node: int) -> Message:
        """The question to a node."""
        lives = max(1.0, self.seconds - self.age) + self.grace
        return Message(self.content, node, self.kind, ttl=lives, group_id=self._group)

    def whose(self) -> dict[str, str]:
        """Institution by message, for all messages that may still bring its answer."""
        return {message: name for name, pending in self.pending.items() for message in pending.messages}
