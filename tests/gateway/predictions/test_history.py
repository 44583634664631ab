"""What was predicted, for whom it is shown, and what turned out to be true."""

import pytest

from fedcare.db.ids import new_id

HISTORY = "/api/predictions/history"


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def test_the_history_is_the_institutions_own_and_the_latest_comes_first(insurance, predict, client, record):
    made = [predict(features=record)["id"] for _ in range(3)]
    assert ids(client("nurse").get(HISTORY)) == made[::-1]
    assert ids(client("nurse", "B").get(HISTORY)) == []


def test_pages_follow_one_another_without_gap_or_overlap(insurance, predict, doctor, record):
    made = [predict(features=record, explain=False)["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        answer = doctor.get(HISTORY, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_it_can_be_asked_for_by_patient_worker_task_version_and_time(
    gateway, insurance, predict, doctor, client, add_patient, record
):
    patient = add_patient()
    of_patient, other = predict(patient_id=patient)["id"], predict(features=record)["id"]
    nurse = client("nurse").post("/api/predictions", json={"features": record}).json()["id"]
    assert ids(doctor.get(HISTORY, params={"patient_id": patient})) == [of_patient]
    assert ids(doctor.get(HISTORY, params={"worker_id": str(gateway.workers["nurse", "A"])})) == [nurse]
    assert ids(doctor.get(HISTORY, params={"task": "cancer-imaging"})) == []
    assert len(ids(doctor.get(HISTORY, params={"model_version": insurance.version}))) == 3
    made_at = doctor.get(HISTORY).json()["items"][1]["created_at"]
    assert ids(doctor.get(HISTORY, params={"since": made_at})) == [nurse, other]
    assert ids(doctor.get(HISTORY, params={"until": made_at})) == [of_patient]
    noted = gateway.rows("select subject_id from audit_log where action = 'predictions.list'")
    assert noted == [{"subject_id": patient}]


@pytest.mark.parametrize("query", [{"cursor": "zzz"}, {"cursor": "WyJ4Il0"}, {"since": "0001-01-01T00:00:00+14:00"}])
def test_a_place_or_time_that_does_not_exist_is_refused(insurance, doctor, query):
    assert doctor.get(HISTORY, params=query).status_code == 422


def test_an_outcome_is_recorded_and_can_be_corrected(gateway, insurance, predict, client, record):
    made = predict(features=record)["id"]
    nurse = client("nurse")
    assert nurse.put(f"/api/predictions/{made}/outcome", json={"outcome": 5000}).json()["outcome"] == 5000
    changed = nurse.put(f"/api/predictions/{made}/outcome", json={"outcome": 5100.5})
    assert changed.status_code == 200 and changed.json()["outcome"] == 5100.5
    assert changed.json()["outcome_at"] is not None
    assert len(gateway.rows("select seq from audit_log where action = 'predictions.outcome'")) == 2


def test_an_outcome_of_another_kind_or_prediction_is_refused(insurance, predict, doctor, client, record):
    made = predict(features=record)["id"]
    place = f"/api/predictions/{made}/outcome"
    assert doctor.put(place, json={"outcome": "cancer"}).status_code == 422
    assert doctor.put(place, json={"outcome": True}).status_code == 422
    assert doctor.put(place, json={}).status_code == 422
    assert client("doctor", "B").put(place, json={"outcome": 1}).status_code == 404
    assert doctor.put(f"/api/predictions/{new_id()}/outcome", json={"outcome": 1}).status_code == 404


def test_a_deleted_patients_predictions_go_too(gateway, insurance, predict, add_patient):
    predict(patient_id=add_patient())
    with gateway.database.transaction(gateway.scope("A")) as tx:
        tx.exec_driver_sql("delete from patients")
    assert gateway.rows("select id from predictions") == []
