"""Schedules: by time or by new records, with a budget of runs."""

import pytest

WEEKLY = {"task": "insurance-cost", "rounds": 2, "cron": "0 3 * * 0", "runs_left": 4}


@pytest.fixture
def consortium(client):
    return client("consortium")


def test_a_schedule_is_kept_changed_and_removed_on_the_record(gateway, consortium):
    made = consortium.post("/api/training/schedules", json=WEEKLY)
    assert made.status_code == 201
    schedule = made.json()
    assert schedule["next_at"].endswith("T03:00:00Z")
    place = f"/api/training/schedules/{schedule['id']}"
    assert consortium.get(place).json()["plan_hash"] == schedule["plan_hash"]
    changed = consortium.put(place, json={"new_records": 50, "runs_left": None, "is_enabled": False}).json()
    assert (changed["cron"], changed["new_records"], changed["runs_left"], changed["next_at"]) == (None, 50, None, None)
    assert consortium.get("/api/training/schedules").json()["items"] == [changed]
    assert consortium.delete(place).status_code == 204
    assert consortium.delete(place).status_code == consortium.get(place).status_code == 404
    actions = gateway.rows("select action from audit_log where subject_type = 'schedule' order by seq")
    assert [row["action"] for row in actions] == ["schedules.create", "schedules.update", "schedules.delete"]


@pytest.mark.parametrize(
    "change",
    [
        {"cron": None},
        {"new_records": 10},
        {"cron": "every week"},
        {"cron": "0 3 * * 0 0"},
        {"cron": "0 0 30 2 *"},
        {"cron": "61 * * * *"},
        {"runs_left": -1},
        {"plan_hash": "0" * 64},
        {"task": None},
    ],
)
def test_a_schedule_has_one_trigger_that_names_a_time_and_one_plan(consortium, change):
    answer = consortium.post("/api/training/schedules", json=WEEKLY | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_schedule_can_run_a_known_plan(consortium):
    plan = consortium.post("/api/plans", json={"task": "diabetes"}).json()
    asked = {"plan_hash": plan["hash"], "new_records": 10}
    made = consortium.post("/api/training/schedules", json=asked).json()
    assert (made["plan_hash"], made["task"]) == (plan["hash"], "diabetes")
    assert consortium.post("/api/training/schedules", json=asked | {"plan_hash": "0" * 64}).status_code == 404


def test_schedules_are_the_consortiums(client):
    for role in ("nurse", "doctor", "admin"):
        assert client(role).get("/api/training/schedules").status_code == 403
        assert client(role).post("/api/training/schedules", json=WEEKLY).status_code == 403
