"""The way to the server that holds the messages: it may be away for a while, which is no failure of the run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import httpx
from flwr.app import Message
from flwr.proto.node_pb2 import NodeInfo
from flwr.serverapp import Grid
from flwr.supercore.inflatable.inflatable_utils import ObjectPullError, ObjectPushError

from fedcare.errors import CoordinatorUnreachable

AWAY = (httpx.TransportError, httpx.HTTPStatusError, ObjectPushError, ObjectPullError, CoordinatorUnreachable)

T = TypeVar("T")
log = logging.getLogger(__name__)


class Link:
    """A grid whose failures of transport come out as nothing at all.

    ``away`` says whether the last call failed; ``outages`` counts how often the server has come back, since whatever
    was on its way by then may be lost.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self.away, self.outages = False, 0

    def nodes(self) -> list[NodeInfo] | None:
        """The connected nodes; None where nobody can tell."""
        return self.reach(lambda: list(self._grid.get_nodes()))

    def push(self, messages: Sequence[Message]) -> list[str | None]:
        """Ids of the messages in their order, None for one that was not taken; nothing where the server is away."""
        return self.reach(lambda: list(self._grid.push_messages(messages))) or []

    def pull(self, messages: Sequence[str]) -> list[Message]:
        """The replies that are there."""
        return (self.reach(lambda: list(self._grid.pull_messages(messages))) or []) if messages else []

    def reach(self, call: Callable[[], T]) -> T | None:
        """What the call gives, or None where the server could not be reached."""
        try:
            result = call()
        except AWAY as error:
            if not self.away:
                log.warning("the server of messages does not answer (%s)", type(error).__name__)
            self.away = True
            return None
        if self.away:
            log.warning("the server of messages answers again")
            self.away, self.outages = False, self.outages + 1
        return result
