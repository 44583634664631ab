"""Flower's own handlers of the requests that a round is made of, without the web framework around them.

A round of five nodes takes hundreds of small requests, and through Flower's application each passes seven layers and
four threads.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flwr.proto import fleet_pb2, heartbeat_pb2, message_pb2, run_pb2, runtime_pb2
from flwr.server.superlink.linkstate import InMemoryLinkState
from flwr.supercore.error import FlowerError
from flwr.supercore.error.catalog import API_ERROR_MAP
from flwr.supercore.protobuf.constants import PROTOBUF_MEDIA_TYPE
from flwr.superlink.servicer.fleet import fleet_handlers
from flwr.superlink.servicer.runtime import runtime_handlers
from google.protobuf.message import DecodeError, Message

from fedcare.federation.door.answer import Answer, refused

FLEET, RUNTIME = "/v1/fleet/", "/v1/runtime/"

log = logging.getLogger("fedcare.door")


@dataclass(frozen=True)
class Call:
    """A kind of request and who handles it: ``handle(request, state, task)``; the fleet's have no task."""

    request: type[Message]
    handle: Callable[[Any, Any, Any], Message]


FLEET_CALLS = {
    FLEET + name: call
    for name, call in {
        "activate-node": Call(fleet_pb2.ActivateNodeRequest, lambda r, s, _: fleet_handlers.activate_node(r, s)),
        "deactivate-node": Call(fleet_pb2.DeactivateNodeRequest, lambda r, s, _: fleet_handlers.deactivate_node(r, s)),
        "send-node-heartbeat": Call(
            heartbeat_pb2.SendNodeHeartbeatRequest, lambda r, s, _: fleet_handlers.send_node_heartbeat(r, s)
        ),
        "pull-messages": Call(
            fleet_pb2.PullMessagesRequest, lambda r, s, _: fleet_handlers.pull_messages(r, s, s.object_store)
        ),
        "push-messages": Call(fleet_pb2.PushMessagesRequest, lambda r, s, _: fleet_handlers.push_messages(r, s)),
        "get-run": Call(run_pb2.GetRunRequest, lambda r, s, _: fleet_handlers.get_run(r, s)),
        "push-object": Call(message_pb2.PushObjectRequest, lambda r, s, _: fleet_handlers.push_object(r, s)),
        "pull-object": Call(message_pb2.PullObjectRequest, lambda r, s, _: fleet_handlers.pull_object(r, s)),
        "confirm-message-received": Call(
            message_pb2.ConfirmMessageReceivedRequest,
            lambda r, s, _: fleet_handlers.confirm_message_received(r, s, s.object_store),
        ),
    }.items()
}
"""What a node may ask: neither registering nor fetching code is among it."""

RUNTIME_CALLS = {
    RUNTIME + name: call
    for name, call in {
        "get-nodes": Call(runtime_pb2.GetNodesRequest, runtime_handlers.get_nodes),
        "push-messages": Call(runtime_pb2.PushAppMessagesRequest, runtime_handlers.push_messages),
        "pull-messages": Call(runtime_pb2.PullAppMessagesRequest, runtime_handlers.pull_messages),
        "push-object": Call(message_pb2.PushObjectRequest, runtime_handlers.push_object),
        "pull-object": Call(message_pb2.PullObjectRequest, runtime_handlers.pull_object),
        "confirm-message-received": Call(
            message_pb2.ConfirmMessageReceivedRequest, runtime_handlers.confirm_message_received
        ),
    }.items()
}
"""What the runner asks all the time; all else goes through Flower's application."""


Allowed = Callable[[Any, InMemoryLinkState], bool]


class Handlers:
    """Answers requests from Flower's state. Blocks: not for the event loop."""

    def __init__(self, state: InMemoryLinkState) -> None:
        self._state = state

    def fleet(
        self, path: str, body: bytes, public_key: str, allowed: Callable[[Any, InMemoryLinkState], bool]
    ) -> Answer:
        """Answer a node that has proven, by TLS, to hold this key; ``allowed`` says whether it may ask this at all."""

        def admit(request: Any) -> None:
            if not self._is_of(request, public_key.encode()):
                raise _Refused(401)
            if not allowed(request, self._state):
                raise _Refused(403)

        return self._answer(FLEET_CALLS[path], body, admit)

    def runtime(self, path: str, body: bytes, token: str) -> Answer:
        """Answer the runner that holds a task's token."""

        def admit(_: Any) -> Any:
            task = self._state.get_task_by_token(token) if token else None
            if task is None:
                raise _Refused(401)
            return task

        return self._answer(RUNTIME_CALLS[path], body, admit)

    def _is_of(self, request: Any, key: bytes) -> bool:
        if isinstance(request, fleet_pb2.ActivateNodeRequest):
            return bool(request.public_key == key)
        node_id = request.node.node_id if hasattr(request, "node") else request.node_id
        return bool(self._state.get_node_id_by_public_key(key) == node_id)

    def _answer(self, call: Call, body: bytes, admit: Callable[[Any], Any]) -> Answer:
        try:
            request = call.request.FromString(body)
            done = call.handle(request, self._state, admit(request))
            return Answer(200, done.SerializeToString(), PROTOBUF_MEDIA_TYPE)
        except DecodeError:
            return refused(400)
        except _Refused as refusal:
            return refused(refusal.status)
        except FlowerError as error:
            return _told(error)
        except Exception:
            log.exception("a request could not be answered")
            return refused(500)


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def _told(error: FlowerError) -> Answer:
    """As Flower tells it."""
    known = API_ERROR_MAP[error.code]
    return Answer(int(known.http_status_code), json.dumps(error.to_json(known.public_message)).encode())
