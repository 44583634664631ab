"""Attacks by those who hold a certificate: a member gone bad, or one who was shown out."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.common.serde import message_to_proto
from flwr.proto.control_pb2 import ListNodesRequest, RegisterNodeRequest, StartRunRequest, StopRunRequest
from flwr.proto.fab_pb2 import GetFabRequest
from flwr.proto.fleet_pb2 import PullMessagesRequest, PushMessagesRequest, RegisterNodeFleetRequest
from flwr.proto.heartbeat_pb2 import SendNodeHeartbeatRequest
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest, ObjectTree
from flwr.proto.node_pb2 import Node
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supernode.fleet_http_client import FleetHttpClient
from flwr.supernode.node_auth_http_interceptor import NodeAuthHttpInterceptor

from benchmarks.attack_ground import Allowed, Ground, dropped, verdict
from benchmarks.attack_stranger import Attacks, replay, request
from fedcare.federation.door.limits import KIBI, Limits
from fedcare.trust import identity
from fedcare.trust.identity import Identity


def insider_attacks(ground: Ground) -> Attacks:
    """What the insider's certificate, and one that was revoked, open."""
    mine, theirs = ground.node_id("Insider"), ground.node_id("Honest")
    run = ground.run_id()
    bad = _fleet(ground, ground.insider, ground.insider)
    posing = _fleet(ground, ground.insider, ground.honest)
    context = ground.holder(ground.insider)
    public = ground.insider.key.public_key()
    control = ground.clients.enter_context(ControlHttpClient(f"https://{ground.public}", verify=context))
    runtime = ground.clients.enter_context(RuntimeHttpClient(f"https://{ground.public}", verify=context))
    register = RegisterNodeRequest(public_key=_pem(public), name="Rogue")
    return {
        "another institution's captured request, own certificate": lambda: replay(ground, context),
        "another institution's key, own certificate": _call(posing.PullMessages, PullMessagesRequest(node=_n(theirs))),
        "another node's id, own key: pull": _call(bad.PullMessages, PullMessagesRequest(node=_n(theirs))),
        "another node's id, own key: heartbeat": _call(
            bad.SendNodeHeartbeat, SendNodeHeartbeatRequest(node=_n(theirs), heartbeat_interval=30)
        ),
        "an answer in another node's name": lambda: _answer_as(ground, bad, mine, theirs, run),
        "a question to another node": lambda: _answer_as(ground, bad, mine, mine, run, to=theirs),
        "an answer to another node's question": lambda: _steal_question(ground, bad, mine, run),
        "deleting another node's question": lambda: _delete(ground, bad, mine, run),
        "rogue RegisterNode over the fleet": _call(bad.RegisterNode, RegisterNodeFleetRequest(public_key=_pem(public))),
        "fetching an app bundle": _call(bad.GetFab, GetFabRequest(node=_n(mine), hash_str="a", run_id=run)),
        "Control.RegisterNode on the public port": _call(control.RegisterNode, register),
        "Control.ListNodes on the public port": _call(control.ListNodes, ListNodesRequest()),
        "Control.StartRun on the public port": _call(control.StartRun, StartRunRequest()),
        "Control.StopRun on the public port": _call(control.StopRun, StopRunRequest(run_id=run)),
        "Runtime.AcquireTask on the public port": _call(
            runtime.AcquireTask, AcquireTaskRequest(supported_task_types=["flwr-serverapp"])
        ),
        "Flower's documentation pages": lambda: ground.say(context, request("GET", "/docs")),
        "a path that climbs": lambda: ground.say(context, request("GET", "/v1/consortium/versions/..%2f../ca.key")),
        "a path that hides behind another": lambda: ground.say(
            context, request("POST", "/v1/fleet/../control/list-nodes", media="x-protobuf")
        ),
        "renewing for a key of another": lambda: _renew_other(ground, context),
        "a status that is no status": lambda: ground.say(
            context, request("POST", "/v1/consortium/status", b'{"records": {"x": -1}, "patient": "Ann"}')
        ),
        "oversized body, announced": lambda: ground.say(context, _fleet_head(ground, 20 * 2**30)),
        "oversized note, in chunks": lambda: _oversized(ground, context),
        "garbage bytes inside TLS": lambda: ground.say(context, bytes(range(256)) * 40),
        "garbage instead of a message": lambda: _garbage(ground),
        "more connections than a node needs": lambda: _crowd(ground, context),
        "revoked certificate": lambda: _revoked(ground),
        "revoked while connected": lambda: _revoked_between(ground),
        "revoked while sending": lambda: _revoked_within(ground),
    }


def _n(node_id: int) -> Node:
    return Node(node_id=node_id)


def _pem(key: Any) -> bytes:
    from fedcare.trust.certificates import public_pem

    return public_pem(key).encode()


def _fleet(ground: Ground, certificate: Identity, flower: Identity) -> FleetHttpClient:
    """A node's client with one member's certificate and another's key; the other's signature is captured, not made."""
    interceptors = [NodeAuthHttpInterceptor(flower.key, flower.key.public_key())]
    client = FleetHttpClient(f"https://{ground.public}", interceptors=interceptors, verify=ground.holder(certificate))
    return ground.clients.enter_context(client)


def _call(method: Callable[[Any], Any], message: Any) -> Callable[[], str]:
    def act() -> str:
        try:
            answer = method(message)
        except httpx.HTTPStatusError as error:
            return f"status {error.response.status_code}"
        except httpx.TransportError as error:
            return f"dropped ({type(error).__name__})"
        raise Allowed(f"answered {answer!r}")

    return act


# -- speaking for others ----------------------------------------------------------------------------------------------


def _message(ground: Ground, run: int, source: int, to: int, reply_to: str) -> Any:
    content = RecordDict({"number": ConfigRecord({"n": -1})})
    proto = message_to_proto(Message(content, to, "query", ttl=60))
    proto.metadata.run_id, proto.metadata.src_node_id = run, source
    proto.metadata.reply_to_message_id, proto.metadata.message_id = reply_to, "f" * 64
    return proto


def _push(fleet: FleetHttpClient, node: int, proto: Any) -> str:
    tree = ObjectTree(object_id=proto.metadata.message_id)
    push = PushMessagesRequest(node=_n(node), messages_list=[proto], message_object_trees=[tree])
    return _call(fleet.PushMessages, push)()


def _answer_as(ground: Ground, fleet: FleetHttpClient, mine: int, source: int, run: int, to: int = 1) -> str:
    reply_to = "" if to != 1 else ground.question_ids[-1]
    return _push(fleet, mine, _message(ground, run, source, to, reply_to))


def _steal_question(ground: Ground, fleet: FleetHttpClient, mine: int, run: int) -> str:
    """Flower takes the message and drops it: what counts is that the run gets no answer of it."""
    proto = _message(ground, run, mine, 1, ground.question_ids[-1])
    tree = ObjectTree(object_id=proto.metadata.message_id)
    push = PushMessagesRequest(node=_n(mine), messages_list=[proto], message_object_trees=[tree])
    try:
        answer = fleet.PushMessages(push)
    except httpx.HTTPStatusError as error:
        return f"status {error.response.status_code}"
    if answer.objects_to_push:
        raise Allowed("its content was asked for")
    return "not stored"


def _delete(ground: Ground, fleet: FleetHttpClient, mine: int, run: int) -> str:
    target = ConfirmMessageReceivedRequest(node=_n(mine), run_id=run, message_object_id=ground.question_ids[-1])
    return _call(fleet.ConfirmMessageReceived, target)()


def _renew_other(ground: Ground, context: ssl.SSLContext) -> str:
    body = json.dumps({"csr": identity.csr(ground.honest.key_path.parent, "Insider").decode()}).encode()
    return ground.say(context, request("POST", "/v1/consortium/renew", body))


# -- too much ---------------------------------------------------------------------------------------------------------


def _signed(ground: Ground, who: Identity) -> dict[str, str]:
    from flwr.supercore.protobuf.client import ProtobufRequestContext

    asked = httpx.Request("POST", f"https://{ground.public}/v1/fleet/push-object")
    context = ProtobufRequestContext("", PullMessagesRequest(), asked)
    NodeAuthHttpInterceptor(who.key, who.key.public_key()).intercept(context, lambda _: httpx.Response(200))
    return {name: value for name, value in asked.headers.items() if name != "content-length"}


def _fleet_head(ground: Ground, length: int, route: str = "push-object", who: Identity | None = None) -> bytes:
    headers = _signed(ground, who or ground.insider) | {"content-type": "application/x-protobuf"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    size = f"content-length: {length}" if length >= 0 else "transfer-encoding: chunked"
    return f"POST /v1/fleet/{route} HTTP/1.1\r\n{lines}{size}\r\n\r\n".encode()


def _oversized(ground: Ground, context: ssl.SSLContext) -> str:
    try:
        with ground.connect(context) as connection:
            connection.sendall(_fleet_head(ground, -1, "pull-messages"))
            piece = f"{KIBI:x}\r\n".encode() + b"a" * KIBI + b"\r\n"
            for _ in range(Limits.note_bytes // KIBI + 2):
                connection.sendall(piece)
            return verdict(connection)
    except OSError as error:
        return dropped(error)


def _garbage(ground: Ground) -> str:
    head = _fleet_head(ground, 3000, "push-messages")
    return ground.say(ground.holder(ground.insider), head + b"\xff" * 3000)


def _crowd(ground: Ground, context: ssl.SSLContext) -> str:
    held: list[ssl.SSLSocket] = []
    refused = 0
    try:
        for _ in range(Limits.connections_per_node + 4):
            held.append(ground.connect(context))  # noqa: PERF401  # What was opened is closed whatever happens.
        for connection in held:
            connection.settimeout(0.1)
            try:
                refused += connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                refused += 1
    finally:
        for connection in held:
            connection.close()
    if refused < 4:
        raise Allowed(f"{len(held) - refused} connections at once")
    return f"{refused} of {len(held)} dropped"


# -- shown out --------------------------------------------------------------------------------------------------------


def _revoked(ground: Ground) -> str:
    leaver = ground.join("Leaver")
    ground.authority.revoke("Leaver")
    return ground.say(ground.holder(leaver), request("GET", "/v1/consortium/plans"))


def _revoked_between(ground: Ground) -> str:
    leaver = ground.join("Leaver")
    asked = request("GET", "/v1/consortium/plans")
    with ground.connect(ground.holder(leaver)) as connection:
        connection.sendall(asked)
        answer = b""
        while not answer.endswith(b"\r\n\r\n[]"):
            answer += (piece := connection.recv(65536))
            if not piece:
                raise Allowed("a good certificate was refused before")
        ground.authority.revoke("Leaver")
        try:
            connection.sendall(asked)
        except OSError as error:
            return dropped(error)
        return verdict(connection)


def _revoked_within(ground: Ground) -> str:
    """Half of an object is sent, then the certificate is revoked: the connection goes within a second."""
    leaver = ground.join("Leaver")
    with ground.connect(ground.holder(leaver)) as connection:
        connection.sendall(_fleet_head(ground, 2**20, who=leaver) + bytes(2**19))
        ground.authority.revoke("Leaver")
        end = time.monotonic() + 1.4
        connection.settimeout(0.1)
        while time.monotonic() < end:
            try:
                if not connection.recv(10):
                    return "dropped"
                return "answered with a refusal"
            except TimeoutError:
                continue
            except OSError as error:
                return dropped(error)
    raise Allowed("went on sending")
