"""The connection to the coordinator's fleet: Flower's protocol, with the node's certificate and endless patience.

A message that was handed out is not handed out again, so after any doubt (a lost answer, a restart, an outage) the node
activates itself anew: the coordinator sees that, and asks again whatever it still waits for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
from flwr.app import Message
from flwr.app.message.message import remove_content_from_message
from flwr.common.serde import message_from_proto, message_to_proto, run_from_proto
from flwr.proto.fleet_pb2 import (
    ActivateNodeRequest,
    DeactivateNodeRequest,
    PullMessagesRequest,
    PushMessagesRequest,
)
from flwr.proto.heartbeat_pb2 import SendNodeHeartbeatRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree
from flwr.proto.node_pb2 import Node
from flwr.proto.run_pb2 import GetRunRequest
from flwr.supercore.inflatable.inflatable_object import (
    get_all_nested_objects,
    get_object_tree,
    no_object_id_recompute,
)
from flwr.supercore.inflatable.inflatable_protobuf_utils import (
    make_pull_object_fn_protobuf,
    make_push_object_fn_protobuf,
)
from flwr.supercore.inflatable.inflatable_utils import pull_and_inflate_object_from_tree, push_objects
from flwr.supercore.interceptors.http.runtime_version import RuntimeVersionHttpInterceptor
from flwr.supercore.primitives.asymmetric import public_key_to_bytes
from flwr.supernode.fleet_http_client import FleetHttpClient
from flwr.supernode.node_auth_http_interceptor import NodeAuthHttpInterceptor

from fedcare.errors import BadNodeSettings
from fedcare.federation.door.client import tls
from fedcare.federation.node.config import CertificateState, NodeFolder, certificate_state
from fedcare.trust.files import read_json, write_json
from fedcare.trust.identity import Identity, load

# The coordinator takes a node for gone after twice this; a beat is sent three times as often as it would need.
HEARTBEAT_SECONDS = 20.0
BEAT_EVERY = HEARTBEAT_SECONDS / 3
CALL_SECONDS = 30.0


@dataclass(frozen=True)
class Envelope:
    """A question before its content was fetched: the bare message and the tree of the objects it is made of."""

    message: Message
    tree: ObjectTree

    @property
    def run_id(self) -> int:
        """Flower's run."""
        return int(self.message.metadata.run_id)


class Fleet:
    """Calls to the fleet's routes. Each may raise httpx.HTTPError; ``connect`` makes good whatever was lost."""

    def __init__(self, folder: NodeFolder, coordinator: str) -> None:
        self._folder, self._address = folder, f"https://{coordinator}"
        self._key = load(folder.path).key
        self._lock = threading.Lock()
        self._client, self._state = self._connection()
        self._retired: list[FleetHttpClient] = []
        self.node_id: int | None = _known_node(folder)

    @property
    def client(self) -> FleetHttpClient:
        """Flower's client; a new one, with connections of its own, once the certificate was renewed."""
        with self._lock:
            if certificate_state(self._folder) != self._state:
                # The other thread may be in the middle of a call over the old one.
                self._retired.append(self._client)
                self._client, self._state = self._connection()
                for old in self._retired[:-1]:
                    old.close()
                self._retired = self._retired[-1:]
            return self._client

    def connect(self) -> None:
        """Join the fleet. An activation that an earlier process left behind would bar the way for a minute."""
        if self.node_id is not None:
            with suppress(httpx.HTTPStatusError):
                self.client.DeactivateNode(DeactivateNodeRequest(node_id=self.node_id))
        public_key = public_key_to_bytes(self._key.public_key())
        request = ActivateNodeRequest(public_key=public_key, heartbeat_interval=HEARTBEAT_SECONDS)
        self.node_id = self.client.ActivateNode(request).node_id
        _remember_node(self._folder, self.node_id)

    def beat(self) -> bool:
        """Tell the coordinator that the node is there; False where it does not know the node.

        An answer about a number that the node had before it joined anew says nothing.
        """
        node = self._node()
        request = SendNodeHeartbeatRequest(node=node, heartbeat_interval=HEARTBEAT_SECONDS)
        return self.client.SendNodeHeartbeat(request).success or node != self._node()

    def leave(self) -> None:
        """Say goodbye, if somebody is there to hear it."""
        with suppress(httpx.HTTPError):
            if self.node_id is not None:
                self.client.DeactivateNode(DeactivateNodeRequest(node_id=self.node_id))
        for client in (*self._retired, self._client):
            client.close()

    def receive(self) -> Envelope | None:
        """The next question, None where there is none."""
        response = self.client.PullMessages(PullMessagesRequest(node=self._node()))
        if not response.messages_list:
            return None
        return Envelope(message_from_proto(response.messages_list[0]), response.message_object_trees[0])

    def run_config(self, run_id: int) -> dict[str, object]:
        """What the coordinator started a run with."""
        run = self.client.GetRun(GetRunRequest(node=self._node(), run_id=run_id)).run
        return dict(run_from_proto(run).override_config)

    def open(self, envelope: Envelope) -> Message:
        """The question with its content; it is confirmed only once all of that is here."""
        run_id, client = envelope.run_id, self.client
        message = pull_and_inflate_object_from_tree(
            envelope.tree,
            make_pull_object_fn_protobuf(client.PullObject, self._node(), run_id),
            lambda _: None,
            return_type=Message,
            initial_backoff=0.05,
        )
        message.metadata.__dict__["_message_id"] = envelope.tree.object_id
        client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(node=self._node(), run_id=run_id, message_object_id=envelope.tree.object_id)
        )
        return message

    def send(self, reply: Message, seconds: float) -> None:
        """Send an answer. Sending it again after a failure goes on where it stopped and counts once."""
        run_id, client = int(reply.metadata.run_id), self.client
        reply.metadata.__dict__["_message_id"] = reply.object_id
        with no_object_id_recompute():
            tree, objects = get_object_tree(reply), get_all_nested_objects(reply)
            bare = remove_content_from_message(reply)
            request = PushMessagesRequest(
                node=self._node(),
                messages_list=[message_to_proto(bare)],
                message_object_trees=[tree],
                clientapp_runtime_list=[seconds],
            )
            response = client.PushMessages(request)
            push = make_push_object_fn_protobuf(client.PushObject, self._node(), run_id, response.session_id)
            push_objects(objects, push, object_ids_to_push=set(response.objects_to_push))

    def _node(self) -> Node:
        return Node(node_id=self.node_id or 0)

    def _connection(self) -> tuple[FleetHttpClient, CertificateState]:
        state = certificate_state(self._folder)
        return _Client(self._address, load(self._folder.path)), state


class _Client(FleetHttpClient):
    """Flower's client, which knows no client certificates, over a connection that shows the node's."""

    def __init__(self, address: str, own: Identity) -> None:
        version = RuntimeVersionHttpInterceptor(component_name="SuperNode")
        flower = NodeAuthHttpInterceptor(own.key, own.key.public_key())
        super().__init__(address, interceptors=[version, flower])
        self._client.close()
        self._client = httpx.Client(verify=tls(own), timeout=CALL_SECONDS, trust_env=False)


class Heartbeat:
    """Beats from a thread of its own: training may take longer than the coordinator's patience."""

    def __init__(self, fleet: Fleet, lost: Callable[[], None]) -> None:
        self._fleet, self._lost = fleet, lost
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, without waiting for a call that hangs."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        pause = BEAT_EVERY
        while not self._stop.wait(pause):
            try:
                if not self._fleet.beat():
                    self._lost()
                pause = BEAT_EVERY
            except (httpx.HTTPError, BadNodeSettings, OSError, ValueError):
                # Whether the coordinator is away is the main loop's business; here it is only asked again, soon.
                pause = 1.0


def _known_node(folder: NodeFolder) -> int | None:
    """The number under which the coordinator last knew this node."""
    try:
        return int(read_json(folder.file("state"))["node_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember_node(folder: NodeFolder, node_id: int) -> None:
    write_json(folder.file("state"), {"node_id": node_id})
