"""Which of Flower's requests a node may make, and that it makes them in its own name.

Flower checks that the node id belongs to the key. It leaves open whose connection it is, who a reply claims to be from,
that a "reply" may be a question to another node, and that any node may delete any object, the shared model among them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from typing import Any

from flwr.proto.fleet_pb2 import PushMessagesRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest
from flwr.server.superlink.linkstate import InMemoryLinkState
from flwr.supercore.constant import FLEET_HTTP_PUBLIC_KEY_HEADER

from fedcare.federation.superlink.handlers import FLEET, FLEET_CALLS

NOTES = FLEET_CALLS.keys() - {FLEET + "push-object", FLEET + "push-messages"}
"""Requests that are never larger than a note."""

_KEY_HEADER = FLEET_HTTP_PUBLIC_KEY_HEADER.lower().encode()


def key_matches(headers: Iterable[tuple[bytes, bytes]], public_key: str) -> bool:
    """Whether the request is in the name of the very key that the connection's certificate is for."""
    given = [value for name, value in headers if name == _KEY_HEADER]
    if len(given) != 1:
        return False
    try:
        key = base64.b64decode(given[0], validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(key, public_key.encode())


def speaks_for_itself(request: Any, state: InMemoryLinkState) -> bool:
    """Whether replies are the sender's own and answer a question, and what it confirms was sent to it.

    That the node id in ``node`` is the peer's is known by then.
    """
    if isinstance(request, ConfirmMessageReceivedRequest):
        return _asked(state, request.message_object_id, request.node.node_id)
    if not isinstance(request, PushMessagesRequest):
        return True
    return bool(request.messages_list) and all(
        message.metadata.src_node_id == request.node.node_id and message.metadata.reply_to_message_id
        for message in request.messages_list
    )


def _asked(state: InMemoryLinkState, message_id: str, node_id: int) -> bool:
    question = state.message_ins_store.get(message_id)
    return question is not None and question.metadata.dst_node_id == node_id
