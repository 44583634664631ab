"""All that leaves an institution in a private run, read off the wire: the values that docs/privacy.md lists, no other.

The node is the product's own, over TLS to the product's own door; every request it makes is recorded as it is handed to
the connection, and decoded to the last byte.
"""

import json

import httpx
import numpy as np
import pytest
from flwr.app import ArrayRecord, ConfigRecord
from flwr.proto import fleet_pb2, heartbeat_pb2, message_pb2, run_pb2
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents

from fedcare.data.declared import declared
from fedcare.db import privacy
from fedcare.federation.messages import answered
from fedcare.federation.node.sync import Sync
from fedcare.plan import canonical_json
from fedcare.privacy.ledger import Budget
from fedcare.privacy.planned import planned_uses
from fedcare.tasks.registry import get

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


class Wire:
    """Every request that a node made of the coordinator."""

    def __init__(self, port: int, monkeypatch) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        send = httpx.HTTPTransport.handle_request

        def recorded(transport, request):
            if request.url.port == port:
                self.requests.append((request.url.path, dict(request.headers), request.read()))
            return send(transport, request)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", recorded)

    def bodies(self, end: str) -> list[bytes]:
        return [body for path, _, body in self.requests if path.endswith(end)]


def fields(message) -> set[str]:
    return {field.name for field, _ in message.ListFields()}


@pytest.fixture
def private(plan):
    chosen = {"privacy__dp__enabled": True, "privacy__dp__epsilon": 0.9, "privacy__dp__sample_rate": 0.5}
    return plan(**chosen)


def answers_in(wire) -> list[tuple]:
    """Each pushed answer as it was on the wire: its metadata and everything in its content."""
    pushed = [message_pb2.PushObjectRequest.FromString(body) for body in wire.bodies("push-object")]
    contents = {each.object_id: each.object_content for each in pushed}
    assert all(fields(each) <= {"node", "run_id", "object_id", "object_content", "session_id"} for each in pushed)
    found, used = [], set()
    for body in wire.bodies("push-messages"):
        request = fleet_pb2.PushMessagesRequest.FromString(body)
        assert fields(request) == {"node", "messages_list", "message_object_trees", "clientapp_runtime_list"}
        assert list(request.clientapp_runtime_list) == [0.0]  # Working time says how many rows there are.
        (bare,), (tree,) = request.messages_list, request.message_object_trees
        assert fields(bare) <= {"metadata", "content"} and fields(bare.metadata) <= METADATA
        assert not fields(bare.content)  # It lies in the objects.
        message = inflate_object_from_contents(tree.object_id, dict(contents), keep_object_contents=True)
        used |= _ids(tree)
        found.append((bare.metadata, message))
    assert used == contents.keys()  # Nothing was pushed beside the answers.
    return found


def _ids(tree) -> set[str]:
    return {tree.object_id}.union(*(_ids(child) for child in tree.children))


def leaves(content) -> dict[str, object]:
    """Every value in a message, by record and key."""
    found = {}
    for name, record in content.items():
        assert isinstance(record, ConfigRecord | ArrayRecord)
        found |= {f"{name}.{key}": value for key, value in record.items()}
    return found


def test_a_private_run_sends_what_the_document_lists_and_nothing_else(
    consortium, node, run_of, private, start_vector, monkeypatch
):
    here = node()
    here.approve(private)
    with here.store.transaction() as tx:
        privacy.set_budget(tx, here.store.institution_id, Budget(private_only=True))
    wire = Wire(consortium.public, monkeypatch)
    sync = Sync(here.folder, here.folder.config(), here.store, lambda: here.agent.state)
    sync.turn()
    run = run_of(private)
    more = {"vector": start_vector, "preprocessing": canonical_json(declared(get("insurance-cost").records).to_json())}
    replies = [run.ask(here.name)]
    replies += [run.ask(here.name, "train", number, **more) for number in (1, 2)]
    replies += [run.ask(here.name, "evaluate", 2, **more)]
    sync.turn()
    sync._door.close()
    here.agent.stop()
    here.thread.join(20)
    assert [reply.error for reply in replies] == [None] * 4

    # 1. Answers: the institution's name, a noisy number of rows, noisy weights, noisy sums; the rest is empty.
    count, *updates, evaluation = [leaves(message.content) for _, message in answers_in(wire)]
    told = count["answer.num-examples"]
    blank = {"answer.institution": here.name, "answer.seconds": 0.0}
    assert count.keys() == {*blank, "answer.num-examples", "answer.loss", "answer.sums"}
    assert np.frombuffer(count["answer.sums"], "<f8").tolist() == [told]
    for update in updates:
        assert update.keys() == {*blank, "answer.num-examples", "answer.loss", "weights.vector"}
        assert update["answer.num-examples"] == told
        assert update["answer.loss"] == 0.0
        assert len(update["weights.vector"].data) == start_vector.nbytes + 128
    assert evaluation.keys() == {*blank, "answer.num-examples", "answer.loss", "answer.sums"}
    assert evaluation["answer.num-examples"] == 0
    assert all(np.isnan(each["answer.loss"]) for each in (count, evaluation))
    for each in (count, *updates, evaluation):
        assert {name: each[name] for name in blank} == blank

    # 2. Envelopes: who speaks and which message is meant.
    for end, (kind, allowed) in ENVELOPES.items():
        for body in wire.bodies(end):
            assert fields(kind.FromString(body)) <= allowed, end

    # 3. The door: no number of records, and the state in words.
    for body in wire.bodies("/status"):
        status = json.loads(body)
        assert status.keys() == {"records", "software", "state"}
        assert status["records"] == {"insurance-cost": 0}
        assert status["state"].split()[0] in {"waiting", "connecting", "statistics", "update", "evaluation"}

    # 4. There is nothing else, and no header that could carry it.
    known = [*ENVELOPES, "push-messages", "push-object", "/status"]
    for path, headers, body in wire.requests:
        assert any(path.endswith(end) for end in known) or (path.endswith("/plans") and not body), path
        assert headers.keys() <= HEADERS, path

    # 5. Each noisy answer stands in the ledger, written before it was computed, and they are what was planned.
    with here.store.transaction() as tx:
        rows = [row for row in reversed(privacy.page(tx, None, None, 100)) if row.kind == "begun"]
        account = privacy.account(tx)
    assert [(row.what, row.round) for row in rows] == [
        ("record count", 0), ("update", 1), ("update", 2), ("evaluation", 2),
    ]  # fmt: skip
    assert sorted(account.begun(f"run-1/{private.hash}")) == sorted(planned_uses(private))
    log = [row for row in here.egress() if row["run"] == "run-1"]
    assert len(log) == 4 and all(0 < row["epsilon"] <= 0.9 for row in log)
    assert answered(answers_in(wire)[1][1], here.name).has_update


def test_a_plan_without_differential_privacy_gets_nothing_where_private_plans_alone_are_answered(
    unconnected, asking, plan
):
    here = unconnected()
    here.approve(plan())
    with here.store.transaction() as tx:
        privacy.set_budget(tx, here.store.institution_id, Budget(private_only=True))
    answer = asking(plan()).ask(here)
    assert answer.error.startswith("refused: ") and "differential privacy" in answer.error
    assert here.egress() == []


def test_a_refusal_of_a_private_plan_says_no_number_of_records(unconnected, asking, plan, private):
    needs = plan(
        privacy__dp__enabled=True, privacy__dp__epsilon=0.9, privacy__dp__sample_rate=0.5, rounds__min_records=500
    )
    here = unconnected()
    here.approve(needs)
    error = asking(needs).ask(here).error
    assert error.startswith("refused: ") and not any(character.isdigit() for character in error)
    with here.store.transaction() as tx:
        assert privacy.page(tx, None, None, 10) == []


def test_what_the_budget_does_not_allow_is_refused_with_what_is_left(unconnected, asking, plan):
    dear = plan(privacy__dp__enabled=True, privacy__dp__epsilon=3.0, full_batch=True)
    here = unconnected()
    here.approve(dear)
    answer = asking(dear).ask(here)
    assert answer.error.startswith("refused: The privacy budget") and "1 is left" in answer.error
    assert here.egress() == []


def test_a_private_answer_that_nobody_charged_does_not_leave(unconnected, asking, plan, monkeypatch):
    from fedcare.aggregation.exchange import Answer
    from fedcare.federation.site import Site

    cheap = plan(privacy__dp__enabled=True, privacy__dp__epsilon=0.5, full_batch=True)
    here = unconnected()
    here.approve(cheap)
    monkeypatch.setattr(Site, "statistics", lambda *_: Answer(here.name, sums=np.array([48.0]), examples=48))
    answer = asking(cheap).ask(here)
    assert answer.error == "local failure (RuntimeError)"
    assert here.egress() == []
