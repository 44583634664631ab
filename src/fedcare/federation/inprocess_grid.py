"""A Flower grid inside this process: the same apps, no server, no Ray, one institution after another."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from flwr.app import Context, Error, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.constant import ErrorCode
from flwr.proto.node_pb2 import NodeInfo
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

FIRST_NODE = 1000


class InProcessGrid(Grid):
    """Runs a ClientApp for each named node, when its reply is pulled.

    Work done at the pull rather than at the push lets a caller show progress between institutions, and never holds
    more than one reply that nobody has taken. Flower's task identity is global: one grid at a time in a process.
    """

    def __init__(self, app: ClientApp, names: Sequence[str]) -> None:
        self._app = app
        self._run = Run.create_empty(uuid.uuid4().int >> 66)
        TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = self._run.run_id, 1, 1
        self._names = {FIRST_NODE + place: name for place, name in enumerate(names)}
        self._contexts = {
            node: self._context(node, {"institution": name, "partition-id": place})
            for place, (node, name) in enumerate(self._names.items())
        }
        self._waiting: dict[str, Message] = {}

    def server_context(self) -> Context:
        """The context to run a ServerApp with."""
        return self._context(1, {})

    def set_run(self, run: Run) -> None:
        """Belong to another run."""
        self._run = run

    @property
    def run(self) -> Run:
        """The run this grid belongs to."""
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """A message to a node."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """All nodes: none ever goes away."""
        return list(self._names)

    def get_nodes(self) -> Iterable[NodeInfo]:
        """All nodes with their names."""
        return [NodeInfo(node_id=node, name=name, status="online") for node, name in self._names.items()]

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Take questions; they are worked on when their replies are pulled."""
        pushed = []
        for message in messages:
            pushed.append(_give_id(message))
            self._waiting[pushed[-1]] = message
        return pushed

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Work on the first of the questions and give its reply."""
        for message_id in message_ids:
            if question := self._waiting.pop(message_id, None):
                return [self._work(question)]
        return []

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """All replies to some questions; ``timeout`` has no meaning where nothing is waited for."""
        return [self._work(self._waiting.pop(message_id)) for message_id in self.push_messages(messages)]

    def _work(self, question: Message) -> Message:
        try:
            reply = self._app(message=question, context=self._contexts[question.metadata.dst_node_id])
        except Exception as error:
            failure = Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, type(error).__name__)
            reply = Message(failure, reply_to=question)
        _give_id(reply)
        return reply

    def _context(self, node: int, config: dict[str, str | int]) -> Context:
        return Context(
            run_id=self._run.run_id, node_id=node, node_config=dict(config), state=RecordDict(), run_config={}
        )


def _give_id(message: Message) -> str:
    # A SuperLink sets the id on arrival, and there is no public way to.
    message.metadata.__dict__["_message_id"] = uuid.uuid4().hex
    return message.metadata.message_id
