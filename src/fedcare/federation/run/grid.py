"""Flower's grid, with replies that are fetched piece by piece as they arrive.

Flower's own fetches one reply after the other, and waits a second, then two, then four for each piece that a node has
not sent yet. Meanwhile nothing else is looked at, deadlines included: an institution behind a slow line, or one that
dies while it sends, would hold up all others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from flwr.app import Error, Message, Metadata
from flwr.app.message import make_message
from flwr.common.constant import ErrorCode
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree, PullObjectRequest
from flwr.proto.runtime_pb2 import PullAppMessagesRequest
from flwr.supercore.constant import SYSTEM_MESSAGE_TYPE
from flwr.supercore.date import now
from flwr.supercore.inflatable.inflatable_object import iterate_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents
from flwr.superlink.grid import HttpGrid


@dataclass
class Arriving:
    """A reply that the server has handed out: its id, and the pieces that are missing and that are here."""

    reply: str
    missing: list[str]
    here: dict[str, bytes] = field(default_factory=dict)


class ArrivingGrid(HttpGrid):
    """Gives each reply once all of it is here, and never waits."""

    def __init__(self) -> None:
        super().__init__(insecure=True, token="-")  # noqa: S106
        # Whoever asks over it tries again by itself, and has a deadline to keep. Flower's rule would besides end the
        # process with a SIGINT where a server does not know the task: one that was started anew does not.
        self._retry_invoker = None  # type: ignore[assignment]
        self._arriving: dict[str, Arriving] = {}

    def turn_to(self, address: str, token: str) -> None:
        """Ask the server at this address from now on, with the token of a task; what is on its way is lost."""
        self.close()
        self._addr, self._token = address, token
        self._arriving = {}

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """The replies to these messages that are whole by now; raises httpx.HTTPError, and forgets nothing by it."""
        known, wanted = self._arriving, list(message_ids)
        # A reply is handed out once; asked for it again, the server would call it lost.
        fresh = [each for each in wanted if each not in known]
        if fresh:
            told = self._runtime_client.PullMessages(PullAppMessagesRequest(message_ids=fresh))
            for reply, tree in zip(told.messages_list, told.message_object_trees, strict=True):
                known[reply.metadata.reply_to_message_id] = Arriving(reply.metadata.message_id, _pieces(tree))
        whole = []
        for question in [each for each in wanted if each in known]:
            message = self._fetch(question, known[question])
            if message is not None:
                del known[question]
                whole.append(message)
        for question in known.keys() - set(wanted):  # Nobody waits for it any more.
            del known[question]
        return whole

    def _fetch(self, question: str, arriving: Arriving) -> Message | None:
        """What of a reply has come by now; the message once nothing is missing, or an error where a piece got lost."""
        run_id = self.run.run_id
        while arriving.missing:
            piece = arriving.missing[0]
            request = PullObjectRequest(node=self.node, run_id=run_id, object_id=piece)
            found = self._runtime_client.PullObject(request)
            if not found.object_found:
                return self._failed(question, ErrorCode.MESSAGE_UNAVAILABLE, "a piece of the reply got lost")
            if not found.object_available:
                return None
            arriving.here[piece] = found.object_content
            del arriving.missing[0]
        self._runtime_client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(node=self.node, run_id=run_id, message_object_id=arriving.reply)
        )
        try:
            message = cast(Message, inflate_object_from_contents(arriving.reply, arriving.here))
            message.metadata.__dict__["_message_id"] = arriving.reply
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            reason = f"the reply cannot be read ({type(error).__name__})"
            return self._failed(question, ErrorCode.CLIENT_APP_RAISED_EXCEPTION, reason)
        return message

    def _failed(self, question: str, code: int, reason: str) -> Message:
        """A message in place of the reply, as Flower makes it."""
        metadata = Metadata(
            run_id=self.run.run_id, message_id="", src_node_id=self.node.node_id, dst_node_id=self.node.node_id,
            reply_to_message_id=question, group_id="", created_at=now().timestamp(), ttl=0,
            message_type=SYSTEM_MESSAGE_TYPE,
        )  # fmt: skip
        return make_message(metadata, error=Error(code, reason))


def _pieces(tree: ObjectTree) -> list[str]:
    return list(dict.fromkeys(each.object_id for each in iterate_object_tree(tree)))
