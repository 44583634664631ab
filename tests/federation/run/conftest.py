"""A grid in memory whose nodes and whose server can be taken away, and a clock that makes waiting quick to test."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from flwr.app import Error, Message
from flwr.common.constant import ErrorCode
from flwr.proto.node_pb2 import NodeInfo

from fedcare.federation.client_app import client_app
from fedcare.federation.inprocess_grid import FIRST_NODE, InProcessGrid
from fedcare.federation.masked_site import masked
from fedcare.federation.site import Site


class Node:
    """One institution's process: it may die, start again, and be slow."""

    def __init__(self) -> None:
        self.life, self.alive, self.seconds = 1, True, 0.0

    def kill(self) -> None:
        """What it works on is gone."""
        self.alive = False

    def start(self) -> None:
        """A new process, which knows nothing."""
        self.life, self.alive = self.life + 1, True


class ShakyGrid(InProcessGrid):
    """Nodes work side by side, each in a thread of its own. ``on_push`` is called with each message sent."""

    def __init__(self, sites: dict[str, Site]) -> None:
        super().__init__(client_app(lambda context: sites[str(context.node_config["institution"])]), [*sites])
        self.sites = sites
        self.nodes = {name: Node() for name in sites}
        self.pushed: list[tuple[str, str, str]] = []
        self.on_push: Callable[[str, str, str], None] = lambda name, kind, group: None
        self.is_away = False
        self._by_id = {FIRST_NODE + place: name for place, name in enumerate(sites)}
        self._replies: dict[str, Message] = {}
        self._guard, self._one_at_a_time = threading.Lock(), threading.Lock()
        self._threads = ThreadPoolExecutor(len(sites) * 4)

    def get_nodes(self) -> Iterable[NodeInfo]:
        self._check()
        return [
            NodeInfo(node_id=number, name=name, status="online", last_activated_at=str(self.nodes[name].life))
            for number, name in self._by_id.items()
            if self.nodes[name].alive
        ]

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        self._check()
        messages = list(messages)
        ids = list(super().push_messages(messages))
        for message in messages:
            name = self._by_id[message.metadata.dst_node_id]
            self.pushed.append((name, message.metadata.message_type, message.metadata.group_id))
            self.on_push(*self.pushed[-1])
            self._threads.submit(self._answer, self._waiting.pop(message.metadata.message_id), name)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        self._check()
        with self._guard:
            return [self._replies.pop(each) for each in message_ids if each in self._replies]

    def lose(self, name: str, question: Message) -> None:
        """The server says that it has lost a message."""
        self._put(Message(Error(ErrorCode.MESSAGE_UNAVAILABLE, "lost"), reply_to=question))

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _answer(self, question: Message, name: str) -> None:
        node = self.nodes[name]
        life, ended = node.life, time.monotonic() + node.seconds
        while time.monotonic() < ended:
            time.sleep(0.005)
        if node.alive and node.life == life:
            with self._one_at_a_time:  # A model is the process's own.
                reply = self._work(question)
            if node.alive and node.life == life:
                self._put(reply)

    def _put(self, reply: Message) -> None:
        with self._guard:
            self._replies[reply.metadata.reply_to_message_id] = reply

    def _check(self) -> None:
        if self.is_away:
            raise httpx.ConnectError("refused")


@pytest.fixture
def shaky(monkeypatch) -> Iterable[Callable[..., ShakyGrid]]:
    """Makes a grid of a study's sites; the exchange looks at it more often than at a real one."""
    from fedcare.federation.run import exchange

    for name in ("POLL_SECONDS", "LOOK_SECONDS", "BACKOFF_SECONDS"):
        monkeypatch.setattr(exchange, name, 0.005)
    grids: list[ShakyGrid] = []

    def make(study) -> ShakyGrid:
        sites = masked(study.plan, [Site(each) for each in study.institutions])
        grids.append(ShakyGrid({site.name: site for site in sites}))
        return grids[-1]

    yield make
    for grid in grids:
        grid.close()
