"""Everything that nodes send to the coordinator, as it is handed to the connection, and how it is taken apart."""

import json

import httpx
from flwr.app import ArrayRecord, ConfigRecord
from flwr.proto import fleet_pb2, heartbeat_pb2, message_pb2, run_pb2
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents

# What a node may say beside its answers, by the place it says it to: which node it is and which message it means.
ENVELOPES = {
    "activate-node": (fleet_pb2.ActivateNodeRequest, {"public_key", "heartbeat_interval"}),
    "deactivate-node": (fleet_pb2.DeactivateNodeRequest, {"node_id"}),
    "send-node-heartbeat": (heartbeat_pb2.SendNodeHeartbeatRequest, {"node", "heartbeat_interval"}),
    "pull-messages": (fleet_pb2.PullMessagesRequest, {"node"}),
    "get-run": (run_pb2.GetRunRequest, {"node", "run_id"}),
    "pull-object": (message_pb2.PullObjectRequest, {"node", "run_id", "object_id"}),
    "confirm-message-received": (
        message_pb2.ConfirmMessageReceivedRequest,
        {"node", "run_id", "message_object_id"},
    ),
}
METADATA = {
    "run_id", "src_node_id", "dst_node_id", "reply_to_message_id", "message_id", "group_id", "ttl", "message_type",
    "created_at", "src_task_id", "dst_task_id",
}  # fmt: skip
HEADERS = {
    "host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length",
    "flwr-public-key", "flwr-timestamp", "flwr-signature", "flwr-package-name", "flwr-package-version",
    "flwr-component-name",
}  # fmt: skip
STATES = {"waiting", "connecting", "statistics", "update", "evaluation"}


class Wire:
    """Every request that nodes in this process made of the coordinator's public port."""

    def __init__(self, port: int, monkeypatch) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        send = httpx.HTTPTransport.handle_request

        def recorded(transport, request):
            if request.url.port == port:
                self.requests.append((request.url.path, dict(request.headers), request.read()))
            return send(transport, request)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", recorded)

    def bodies(self, end: str) -> list[bytes]:
        """What was sent to a place."""
        return [body for path, _, body in self.requests if path.endswith(end)]

    def answers(self) -> list[tuple]:
        """Each pushed answer: its metadata and its content, in the order in which they left.

        Fails where anything was pushed beside them, or they say more of themselves than a listed field.
        """
        pushed = [message_pb2.PushObjectRequest.FromString(body) for body in self.bodies("push-object")]
        contents = {each.object_id: each.object_content for each in pushed}
        assert all(fields(each) <= {"node", "run_id", "object_id", "object_content", "session_id"} for each in pushed)
        found, used = [], set()
        for body in self.bodies("push-messages"):
            request = fleet_pb2.PushMessagesRequest.FromString(body)
            assert fields(request) == {"node", "messages_list", "message_object_trees", "clientapp_runtime_list"}
            assert list(request.clientapp_runtime_list) == [0.0]  # Working time says how many rows there are.
            (bare,), (tree,) = request.messages_list, request.message_object_trees
            assert fields(bare) <= {"metadata", "content"} and fields(bare.metadata) <= METADATA
            assert not fields(bare.content)  # It lies in the objects.
            message = inflate_object_from_contents(tree.object_id, dict(contents), keep_object_contents=True)
            used |= _ids(tree)
            found.append((bare.metadata, message))
        assert used == contents.keys()
        return found

    def check_envelopes(self) -> None:
        """Beside the answers: who speaks, which message is meant, no number of records, the state in words."""
        for end, (kind, allowed) in ENVELOPES.items():
            for body in self.bodies(end):
                assert fields(kind.FromString(body)) <= allowed, end
        for body in self.bodies("/status"):
            status = json.loads(body)
            assert status.keys() == {"records", "software", "state"}
            assert status["records"] == {"insurance-cost": 0}
            assert set(status["state"].split()[:1]) <= STATES | {"masked", "keys", "sealed", "consent", "signature"}
        known = [*ENVELOPES, "push-messages", "push-object", "/status"]
        for path, headers, body in self.requests:
            assert any(path.endswith(end) for end in known) or (path.endswith("/plans") and not body), path
            assert headers.keys() <= HEADERS, path


def fields(message) -> set[str]:
    """The fields that a message of Flower's protocol has."""
    return {field.name for field, _ in message.ListFields()}


def leaves(content) -> dict[str, object]:
    """Every value in an answer, by record and key."""
    found = {}
    for name, record in content.items():
        assert isinstance(record, ConfigRecord | ArrayRecord)
        found |= {f"{name}.{key}": value for key, value in record.items()}
    return found


def _ids(tree) -> set[str]:
    return {tree.object_id}.union(*(_ids(child) for child in tree.children))
