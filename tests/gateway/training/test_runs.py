"""Runs are asked for once, watched as they go, and stopped."""

import json
import threading
from uuid import UUID, uuid4

import pytest

from fedcare.db import runs
from fedcare.db.database import Scope
from fedcare.db.tables import CONSORTIUM

RUN = {"task": "insurance-cost", "rounds": 2, "seed": 3}


@pytest.fixture
def consortium(client):
    return client("consortium")


@pytest.fixture
def run(consortium):
    return consortium.post("/api/training/runs", json=RUN).json()


@pytest.fixture
def say(gateway, run):
    """Changes the run's status, as its owner does."""

    def change(status: str, **values) -> None:
        with gateway.database.transaction(Scope(CONSORTIUM)) as tx:
            runs.set_status(tx, runs.hold(tx, UUID(run["id"])), status, **values)

    return change


def read(text: str) -> list[tuple[str, dict]]:
    """The events of a stream: kind and data."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line) for block in text.split("\n\n")]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


def test_a_run_is_queued_with_its_job_and_on_the_record(gateway, consortium, run):
    assert (run["status"], run["rounds"], run["cause"]) == ("queued", 2, "manual")
    assert gateway.rows("select args from procrastinate_jobs") == [{"args": {"run_id": run["id"]}}]
    assert len(gateway.rows("select 1 from audit_log where action = 'runs.request'")) == 1
    assert consortium.get("/api/training/runs").json()["items"] == [run]
    assert consortium.get("/api/training/runs", params={"status": "failed"}).json()["items"] == []


def test_the_same_request_with_its_key_is_one_run(gateway, consortium):
    headers = {"Idempotency-Key": "once"}
    first, second = (consortium.post("/api/training/runs", json=RUN, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(gateway.rows("select 1 from training_runs")) == 1


def test_a_known_plan_is_run_by_its_hash_alone(consortium, run):
    again = consortium.post("/api/training/runs", json={"plan_hash": run["plan_hash"]})
    assert (again.status_code, again.json()["plan_hash"]) == (201, run["plan_hash"])
    for asked, status in [
        ({"plan_hash": "0" * 64}, 404),
        ({"plan_hash": run["plan_hash"], "rounds": 3}, 422),
        ({}, 422),
        (RUN | {"plan_hash": run["plan_hash"]}, 422),
    ]:
        assert consortium.post("/api/training/runs", json=asked).status_code == status


def test_a_queued_run_is_stopped_at_once_and_a_running_one_asked_to(gateway, consortium, run, say):
    other = consortium.post("/api/training/runs", json=RUN).json()
    assert consortium.post(f"/api/training/runs/{other['id']}/stop").json()["status"] == "stopped"
    say("in_progress")
    for _ in range(2):
        stopped = consortium.post(f"/api/training/runs/{run['id']}/stop").json()
        assert (stopped["status"], stopped["stop_requested"]) == ("in_progress", True)
    say("stopped")
    assert consortium.post(f"/api/training/runs/{run['id']}/stop").status_code == 409
    assert consortium.post(f"/api/training/runs/{uuid4()}/stop").status_code == 404
    assert len(gateway.rows("select 1 from audit_log where action = 'runs.stop'")) == 2


def test_a_watcher_sees_what_happens_until_the_end(client, run, say):
    def later() -> None:
        say("started")
        say("completed", version="insurance-cost-1")

    timer = threading.Timer(0.5, later)
    timer.start()
    seen = read(client("nurse").get(f"/api/training/runs/{run['id']}/events").text)
    timer.join()
    assert [data.get("status") for _, data in seen] == ["queued", "started", "completed", None]
    assert seen[-1] == ("end", {})


def test_a_watcher_goes_on_after_the_last_event_it_saw(gateway, client, run, say):
    say("started")
    say("failed", reason="too few")
    place, nurse = f"/api/training/runs/{run['id']}/events", client("nurse")
    ids = [row["id"] for row in gateway.rows("select id from run_events order by id")]
    rest = read(nurse.get(place, headers={"Last-Event-ID": str(ids[1])}).text)
    assert [data.get("reason") for _, data in rest] == ["too few", None]
    assert nurse.get(place, headers={"Last-Event-ID": str(ids[-1])}).status_code == 204
    assert nurse.get(place, headers={"Last-Event-ID": "x"}).status_code == 422
    assert nurse.get(f"/api/training/runs/{uuid4()}/events").status_code == 404


def test_where_nothing_was_trained_there_is_nothing_to_tell(client):
    nurse = client("nurse")
    assert nurse.get("/api/rounds/current").status_code == 204
    assert nurse.get("/api/metrics/latest").status_code == 204
    assert nurse.get("/api/metrics/history").json() == {"items": [], "total": 0}


def test_whoever_starts_a_run_is_told_what_there_is_to_learn(client):
    known = client("nurse").get("/api/training/tasks").json()
    costs = next(task for task in known["items"] if task["name"] == "insurance-cost")
    assert (costs["kind"], costs["metric"], costs["records"]) == ("regression", "r2", "table")
    assert {"fedavg", "trimmed-mean"} <= set(known["strategies"])
