"""Who takes part in a run: the institutions whose nodes have been seen, and where each stands."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from flwr.proto.node_pb2 import NodeInfo


@dataclass
class Member:
    """An institution of the run.

    ``activated`` is the node's last activation as its server tells it: another one means that the process was
    restarted and knows nothing of what it was asked. ``offline_since`` is a time of the monotonic clock, None while the
    node is connected. ``absent``: it missed a whole deadline. ``refused``: it does not take part in this run.
    """

    node: int = 0
    activated: str = ""
    offline_since: float | None = 0.0
    absent: bool = False
    refused: bool = False

    @property
    def online(self) -> bool:
        """Whether its node is connected, as far as the server knows."""
        return self.offline_since is None

    def seconds_offline(self) -> float:
        """How long the node has been away; 0 while it is connected."""
        return 0.0 if self.offline_since is None else time.monotonic() - self.offline_since


class Members:
    """Members by name. Whoever was seen once belongs to the run, also while its node restarts."""

    def __init__(self, known: Iterable[str] = (), absent: Iterable[str] = (), refused: Iterable[str] = ()) -> None:
        now, absent, refused = time.monotonic(), set(absent), set(refused)
        self._members = {
            name: Member(offline_since=now, absent=name in absent, refused=name in refused) for name in known
        }

    def __getitem__(self, name: str) -> Member:
        return self._members[name]

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        """All, sorted."""
        return sorted(self._members)

    def refresh(self, nodes: Iterable[NodeInfo]) -> list[str]:
        """Take over which nodes are connected now, and name those that were restarted since.

        A node without a name is nobody's.
        """
        online = {node.name: node for node in nodes if node.name}
        restarted = []
        for name, node in online.items():
            member = self._members.setdefault(name, Member())
            if (member.node, member.activated) != (node.node_id, node.last_activated_at):
                restarted.append(name)
            member.node, member.activated, member.offline_since = node.node_id, node.last_activated_at, None
        for name, member in self._members.items():
            if name not in online and member.online:
                member.offline_since = time.monotonic()
        return restarted

    def online(self) -> list[str]:
        """Names of those whose nodes are connected, sorted."""
        return [name for name in self.names() if self._members[name].online]

    def expected(self) -> list[str]:
        """Names of those who can be asked: connected, or gone only since the last question."""
        return [name for name in self.names() if self._takes_part(self._members[name])]

    def to_json(self) -> dict[str, list[str]]:
        """What another process needs to go on with the same members."""
        names = self.names()
        return {
            "known": names,
            "absent": [name for name in names if self._members[name].absent],
            "refused": [name for name in names if self._members[name].refused],
        }

    def _takes_part(self, member: Member) -> bool:
        return not member.refused and (member.online or not member.absent)
