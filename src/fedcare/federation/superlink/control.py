"""Starting, stopping and listing runs, and registering nodes, over the SuperLink's private listener."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from flwr.common.serde import fab_to_proto, user_config_to_proto
from flwr.proto.control_pb2 import (
    ListNodesRequest,
    ListRunsRequest,
    RegisterNodeRequest,
    StartRunRequest,
    StopRunRequest,
    UnregisterNodeRequest,
)
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.error import FlowerError
from flwr.supercore.fab import Fab
from flwr.supercore.interceptors.http.utils import add_headers
from flwr.supercore.protobuf.client import ProtobufCall, ProtobufRequestContext

from fedcare.errors import CoordinatorRefused, CoordinatorUnreachable
from fedcare.federation.superlink import places


@dataclass(frozen=True)
class FlowerRun:
    """A run as Flower sees it: ``status`` is pending, starting, running or finished; ``outcome`` says how it ended."""

    run_id: int
    status: str
    outcome: str
    details: str


@dataclass(frozen=True)
class FlowerNode:
    """A registered node. ``status`` is registered, online, offline or unregistered; times are ISO texts, maybe empty.

    ``activated_at`` changes whenever the node starts anew; what it had pulled before is lost then.
    """

    node_id: int
    name: str
    status: str
    public_key: str
    activated_at: str

    @property
    def online(self) -> bool:
        """Whether it is there now, as far as its heartbeats tell."""
        return self.status == "online"


class Control:
    """A client of the Control interface; every call raises CoordinatorUnreachable or CoordinatorRefused."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._client = ControlHttpClient.from_server_address(address, True, None, [_Bearer(token)])

    @classmethod
    def of(cls, home: Path) -> Control:
        """For the SuperLink of this machine's home."""
        return cls(places.address(home).private, places.control_token(home))

    def start(self, fab: bytes, **config: str | int | float | bool) -> int:
        """Start a run of an app bundle; the config's keys must exist in its manifest. The run's id."""
        bundle = fab_to_proto(Fab(hashlib.sha256(fab).hexdigest(), fab, {}))
        with self._asking():
            request = StartRunRequest(fab=bundle, override_config=user_config_to_proto(dict(config)))
            return int(self._client.StartRun(request).run_id)

    def stop(self, run_id: int) -> bool:
        """Stop a run; False for one that had ended."""
        with self._asking():
            return bool(self._client.StopRun(StopRunRequest(run_id=run_id)).success)

    def runs(self) -> dict[int, FlowerRun]:
        """Every run that the SuperLink knows."""
        with self._asking():
            found = self._client.ListRuns(ListRunsRequest()).run_dict
        return {
            run_id: FlowerRun(run_id, run.status.status, run.status.sub_status, run.status.details)
            for run_id, run in found.items()
        }

    def nodes(self) -> list[FlowerNode]:
        """Every node that is registered."""
        with self._asking():
            found = self._client.ListNodes(ListNodesRequest()).nodes_info
        nodes = [FlowerNode(n.node_id, n.name, n.status, n.public_key.decode(), n.last_activated_at) for n in found]
        return [node for node in nodes if node.status != "unregistered"]

    def register(self, public_key: str, name: str) -> int:
        """Register a node's public key (PEM) under its institution's name; the node's id."""
        with self._asking():
            request = RegisterNodeRequest(public_key=public_key.encode(), name=name)
            return int(self._client.RegisterNode(request).node_id)

    def unregister(self, node_id: int) -> None:
        """Let a node take no further part."""
        with self._asking():
            self._client.UnregisterNode(UnregisterNodeRequest(node_id=node_id))

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPStatusError as error:
            told = FlowerError.from_json(error.response.text)
            reason = told.public_details or told.message if told else f"status {error.response.status_code}"
            raise CoordinatorRefused(where=self._address, reason=reason) from error
        except (httpx.HTTPError, OSError) as error:
            raise CoordinatorUnreachable(where=self._address, reason=str(error) or type(error).__name__) from error


class _Bearer:
    def __init__(self, token: str) -> None:
        self._token = token

    def intercept(self, context: ProtobufRequestContext, call_next: ProtobufCall) -> httpx.Response:
        add_headers(context.request, {"authorization": f"Bearer {self._token}"})
        return call_next(context)
