"""What the coordinator reports: stored once however often it is said, each institution's own figures its own."""

import io
import json
import zipfile
from uuid import uuid4

import pytest

KEYS = ("institution", "examples", "dropped", "epsilon")
RUN = {"task": "insurance-cost", "rounds": 2, "seed": 3}


@pytest.fixture
def run(client):
    return client("consortium").post("/api/training/runs", json=RUN).json()


@pytest.fixture
def report(gateway):
    """Reports something as the coordinator; the answer."""
    worker = gateway.anonymous()
    worker.headers["Authorization"] = f"Bearer {gateway.services.service_token}"

    def send(what: str, /, **said):
        return worker.post(f"/api/internal/{what}", json=said)

    return send


def a_round(run, **other):
    return {
        "run_id": run["id"],
        "round": 1,
        "status": "completed",
        "aggregation_method": "fedavg",
        "participants": {"Hospital A": 80},
        "dropped": {"Hospital B": "refused: not approved", "Nobody": "gone"},
        "metrics": {"r2": 0.5, "loss": None},
        "train_loss": 0.4,
        "bytes_sent": 2**40,
        "late_answers": 1,
    } | other


def events(gateway, run):
    return gateway.rows("select kind, data from run_events where run_id = :id order by id", id=run["id"])


def test_a_round_is_stored_once_however_often_it_is_told(gateway, report, run):
    for _ in range(3):
        assert report("round", **a_round(run)).status_code == 204
    told = events(gateway, run)
    assert [each["kind"] for each in told] == ["run", "run", "round"]
    assert (told[2]["data"]["dropped"], told[2]["data"]["metrics"]["train_loss"]) == (2, 0.4)
    assert "Hospital" not in json.dumps([each["data"] for each in told])
    report("round", **a_round(run, late_answers=2))
    assert len(events(gateway, run)) == 4
    assert gateway.rows("select status from training_runs")[0]["status"] == "in_progress"


def test_each_institution_sees_its_own_figures_and_the_consortium_all(client, report, run):
    report("round", **a_round(run))
    figures = {"Hospital A": {"examples": 20, "metrics": {"r2": 0.6}, "epsilon": 0.4}, "Hospital B": {"examples": 10}}
    assert report("metrics", run_id=run["id"], round=1, institutions=figures).status_code == 204
    for role, whose, seen in [
        ("nurse", "A", [("Hospital A", 20, None, 0.4)]),
        ("nurse", "B", [("Hospital B", 10, "refused: not approved", None)]),
        ("consortium", None, [("Hospital A", 20, None, 0.4), ("Hospital B", 10, "refused: not approved", None)]),
    ]:
        latest = client(role, whose).get("/api/metrics/latest").json()
        own = [tuple(each[key] for key in KEYS) for each in latest["institutions"]]
        assert own == seen
        assert (latest["clients_participated"], latest["dropped"], latest["metrics"]["r2"]) == (1, 2, 0.5)


def test_an_ended_run_stays_ended(gateway, client, report, run):
    assert report("run", run_id=run["id"], status="failed", reason="too few " * 1000).status_code == 204
    assert report("run", run_id=run["id"], status="in_progress").status_code == 204
    now = client("nurse").get(f"/api/training/runs/{run['id']}").json()
    assert (now["status"], len(now["reason"])) == ("failed", 2000)
    assert [row["action"] for row in gateway.rows("select action from audit_log where action like 'runs.f%'")] == [
        "runs.failed"
    ]


def test_nodes_are_seen_by_their_own_institution_and_the_consortium(client, report):
    seen = [
        {"institution": "Hospital A", "node_id": "1", "records": {"insurance-cost": 9}},
        {"institution": "Hospital B", "node_id": "2", "records": {"insurance-cost": 4, "diabetes": 2}},
        {"institution": "Nobody", "node_id": "3", "records": {"insurance-cost": 1}},
    ]
    for _ in range(2):
        assert report("clients", clients=seen).status_code == 204
    nodes = client("consortium").get("/api/clients").json()["items"]
    assert [(node["node_id"], node["records"], node["is_online"]) for node in nodes] == [
        ("1", {"insurance-cost": 9}, True),
        ("2", {"diabetes": 2, "insurance-cost": 4}, True),
    ]
    assert [node["node_id"] for node in client("admin", "B").get("/api/clients").json()["items"]] == ["2"]
    report("clients", clients=[seen[1] | {"node_id": "7", "records": {"diabetes": 5}}])
    assert [node["records"] for node in client("admin", "B").get("/api/clients").json()["items"]] == [{"diabetes": 5}]


def test_a_note_is_told_once_in_a_row(gateway, report, run):
    for text in ("waiting", "waiting", "going on", "waiting"):
        report("event", run_id=run["id"], kind="note", data={"text": text})
    notes = [each["data"]["text"] for each in events(gateway, run) if each["kind"] == "note"]
    assert notes == ["waiting", "going on", "waiting"]


def test_what_belongs_to_no_run_is_not_kept(report):
    nowhere = {"id": str(uuid4())}
    assert report("round", **a_round(nowhere)).status_code == 404
    assert report("run", run_id=nowhere["id"], status="started").status_code == 404
    assert report("event", run_id=nowhere["id"], kind="note").status_code == 404


def test_without_the_token_nothing_is_read(gateway, client, run):
    for caller in (gateway.anonymous(), client("consortium")):
        answer = caller.post("/api/internal/round", json=a_round(run))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    assert gateway.rows("select 1 from training_rounds") == []


def test_a_version_arrives_with_its_decision_and_answers_once(gateway, client, report, run, trained):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in trained("insurance").iterdir():
            archive.write(file, f"version/{file.name}")
    worker = gateway.anonymous(headers={"Authorization": f"Bearer {gateway.services.service_token}"})
    form = {"run_id": run["id"], "activate": "true", "reasons": '["it is the first"]', "signature": '{"a": 1}'}
    for _ in range(2):
        answer = worker.post("/api/internal/version", data=form, files={"file": packed.getvalue()})
        assert answer.status_code == 200, answer.text
    version = answer.json()["version"]
    seen = client("nurse").get(f"/api/training/runs/{run['id']}").json()
    assert (seen["version"], seen["decision"]) == (version, {"activate": True, "reasons": ["it is the first"]})
    assert client("nurse").get("/api/model/status").json()["tasks"][0]["active"] == version
    assert gateway.rows("select signature from model_versions")[0]["signature"] == '{"a": 1}'
    assert len(gateway.rows("select 1 from audit_log where action = 'models.activate'")) == 1


@pytest.mark.parametrize("content", [b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_version_is_refused(gateway, run, content):
    worker = gateway.anonymous(headers={"Authorization": f"Bearer {gateway.services.service_token}"})
    form = {"run_id": run["id"], "activate": "true"}
    answer = worker.post("/api/internal/version", data=form, files={"file": content})
    assert answer.status_code in {404, 409}
    assert gateway.rows("select 1 from model_versions") == []
