"""Which of Flower's requests a node may make, and that it makes them in its own name.

Flower checks that the key of the header signed the time, and that the node id belongs to the key. Left open are: whose
connection it is, who a reply claims to be from, that a "reply" may be a question to another node, and that any node may
delete any object, the shared model among them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from typing import Protocol

from flwr.proto.fleet_pb2 import PushMessagesRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest
from flwr.supercore.constant import FLEET_HTTP_PUBLIC_KEY_HEADER
from flwr.supercore.utils import int64_to_uint64
from google.protobuf.message import DecodeError

PREFIX = "/v1/fleet/"
_PUSH, _CONFIRM = PREFIX + "push-messages", PREFIX + "confirm-message-received"
# Neither registering nor fetching code is among them.
_BARE = ("activate-node", "deactivate-node", "send-node-heartbeat", "pull-messages", "get-run", "pull-object")
PATHS = frozenset({_PUSH, _CONFIRM, PREFIX + "push-object"} | {PREFIX + name for name in _BARE})

NOTES = PATHS - {PREFIX + "push-object", _PUSH}
"""Requests that are never larger than a note."""

_KEY_HEADER = FLEET_HTTP_PUBLIC_KEY_HEADER.lower().encode()


class LinkState(Protocol):
    """What is asked of Flower's state."""

    def get_valid_message_ins(self, message_id: str) -> dict[str, object] | None:
        """A question that has not expired; its ``dst_node_id`` is a signed 64-bit number."""
        ...


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


def is_checked(path: str) -> bool:
    """Whether ``speaks_for_itself`` has to read the body."""
    return path in (_PUSH, _CONFIRM)


def speaks_for_itself(path: str, body: bytes, state: LinkState) -> bool:
    """Whether replies are the sender's own and answer a question, and what it confirms was sent to it.

    The node id in ``node`` is bound to the key by Flower itself. Asks the database: not for the event loop.
    """
    try:
        if path == _CONFIRM:
            confirmed = ConfirmMessageReceivedRequest.FromString(body)
            return _asked(state, confirmed.message_object_id, confirmed.node.node_id)
        pushed = PushMessagesRequest.FromString(body)
    except DecodeError:
        return False
    sender = pushed.node.node_id
    return bool(pushed.messages_list) and all(
        message.metadata.src_node_id == sender and message.metadata.reply_to_message_id
        for message in pushed.messages_list
    )


def _asked(state: LinkState, message_id: str, node_id: int) -> bool:
    question = state.get_valid_message_ins(message_id)
    if question is None:
        return False
    target = question["dst_node_id"]
    return isinstance(target, int) and int64_to_uint64(target) == node_id
