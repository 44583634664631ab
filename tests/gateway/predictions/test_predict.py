"""One prediction: what it says, what it is made from, and what is kept of it."""

import threading

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event
from tests.gateway.process import wait_for

from fedcare.db import audit


def problems(answer) -> dict:
    assert answer.status_code == 422, answer.text
    return {each["field"]: each["problem"] for each in answer.json()["error"]["details"]["fields"]}


def test_a_prediction_is_in_dollars_with_an_interval_and_what_drove_it(insurance, predict, record):
    answer = predict(features=record)
    assert answer["unit"] == "dollars" and answer["model_version"] == insurance.version
    assert answer["low"] <= answer["value"] <= answer["high"]
    explanation = answer["explanation"]
    added = sum(each["amount"] for each in explanation["contributions"])
    assert explanation["baseline"] + added == pytest.approx(answer["value"])
    assert {each["feature"] for each in explanation["contributions"]} == set(record)
    assert not answer["outside"] and not answer["not_sure"] and not answer["warnings"]


def test_the_plain_prediction_asks_the_database_nothing(gateway, insurance, doctor, record):
    asked = []

    @event.listens_for(gateway.database.engine, "before_cursor_execute")
    def note(connection, cursor, statement, *_):
        # The gateway's own threads, which listen and tidy, ask when it is their time.
        if not threading.current_thread().name.startswith("fedcare-"):
            asked.append(statement)

    wait_for(lambda: gateway.services.authenticator.quick)
    answer = doctor.post("/api/predictions", json={"features": record, "explain": False, "record": False})
    assert answer.status_code == 200 and answer.json()["id"] is None and answer.json()["explanation"] is None
    assert asked == []
    assert gateway.rows("select id from predictions") == []


def test_a_plain_and_an_explained_prediction_say_the_same(insurance, predict, record):
    plain = predict(features=record, explain=False, record=False)
    kept = predict(features=record)
    assert {name: plain[name] for name in ("value", "low", "high")} == {
        name: kept[name] for name in ("value", "low", "high")
    }


def test_a_stored_patient_is_predicted_from_the_record(insurance, predict, add_patient, record):
    patient = add_patient(age=61, smoker="yes")
    answer = predict(patient_id=patient)
    other = predict(features=record | {"age": 61, "smoker": "yes"})
    assert answer["value"] == other["value"]


def test_the_history_keeps_what_was_said_and_from_what(gateway, insurance, predict, add_patient, record):
    patient = add_patient()
    answer = predict(patient_id=patient)
    (row,) = gateway.rows("select * from predictions")
    assert str(row["id"]) == answer["id"] and str(row["patient_id"]) == patient
    assert row["features"] == record and row["value"] == answer["value"]
    assert row["worker_id"] == gateway.workers["doctor", "A"]
    with gateway.database.transaction(gateway.scope("A")) as tx:
        assert audit.verify(tx) == []
    (noted,) = gateway.rows("select action, subject_id from audit_log where subject_type = 'prediction'")
    assert noted == {"action": "predictions.create", "subject_id": answer["id"]}


def test_reading_a_patient_without_keeping_the_prediction_is_audited(gateway, insurance, predict, add_patient):
    patient = add_patient()
    assert predict(patient_id=patient, record=False)["id"] is None
    (noted,) = gateway.rows("select action, subject_id from audit_log where subject_type = 'patient'")
    assert noted == {"action": "predictions.read_patient", "subject_id": patient}


def test_another_institutions_patient_does_not_exist(insurance, doctor, add_patient):
    answer = doctor.post("/api/predictions", json={"patient_id": add_patient("B")})
    assert answer.status_code == 404


def test_features_cannot_contradict_the_patients_record(insurance, doctor, add_patient):
    answer = doctor.post("/api/predictions", json={"patient_id": add_patient(), "features": {"age": 30}})
    assert "patient's record" in problems(answer)["features.age"]


def test_a_record_unlike_any_the_model_saw_is_flagged_with_the_reason(insurance, predict, record):
    answer = predict(features=record | {"bmi": 140})
    assert answer["outside"] and "bmi" in answer["reasons"][0]


def test_an_age_beyond_the_training_rows_is_named_with_the_ages_that_were_seen(insurance, predict, record):
    answer = predict(features=record | {"age": 105}, record=False)
    assert answer["outside"] and answer["reasons"][0].startswith("age = 105 lies outside what the model has seen, 1")
    assert not predict(features=record | {"age": 63}, record=False)["outside"]


def test_a_missing_value_is_warned_of(insurance, predict, record):
    answer = predict(features=record | {"bmi": None})
    assert not answer["outside"] and "bmi is missing" in answer["warnings"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"features": {}}, "features.age"),
        ({"features": {"age": "old"}}, "features.age"),
        ({"features": {"agee": 4}}, "features.agee"),
        ({"features": {"age": True}}, "features.age"),
        ({"features": {"age": [1]}}, "features.age"),
        ({"features": {"age": 10**400}}, "features.age"),
        ({"features": {"region": "a\0b"}}, "features.region"),
        ({"features": {"age\0": 4}}, "features"),
        ({"patient_id": "7"}, "patient_id"),
        ({"features": {}, "task": "tea-leaves"}, "task"),
        ({"features": {}, "task": 3}, "task"),
        ({"features": {}, "record": "yes"}, "record"),
        ({"features": {}, "secret": 1}, "secret"),
        ({}, "body"),
    ],
)
def test_what_cannot_be_predicted_from_is_refused_by_field(insurance, doctor, body, field):
    found = problems(doctor.post("/api/predictions", json=body))
    assert any(name.startswith(field) for name in found), found


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"features": {"age": NaN}}', "application/json", 400),
        (b'{"features": {"region": "\\ud800"}}', "application/json", 422),
        (b'{"features": ' + b'{"a": ' * 5000, "application/json", 400),
        (b"age=4", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 422),
    ],
)
def test_a_body_that_is_no_proper_json_is_refused(insurance, doctor, body, kind, status):
    answer = doctor.post("/api/predictions", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_without_an_active_version_it_says_so(doctor, record):
    answer = doctor.post("/api/predictions", json={"features": record})
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "no_active_model"


def test_predictions_are_counted(insurance, predict, record):
    labels = {"task": insurance.task, "version": insurance.version}
    before = REGISTRY.get_sample_value("fedcare_predictions_total", labels) or 0
    predict(features=record, record=False, explain=False)
    assert REGISTRY.get_sample_value("fedcare_predictions_total", labels) == before + 1


def test_the_consortium_may_not_predict(insurance, client, record):
    assert client("consortium").post("/api/predictions", json={"features": record}).status_code == 403


def test_a_prediction_that_is_asked_for_again_with_its_key_is_kept_once(gateway, insurance, doctor, add_patient):
    body, headers = {"patient_id": add_patient()}, {"Idempotency-Key": "once"}
    first = doctor.post("/api/predictions", json=body | {"record": True}, headers=headers)
    again = doctor.post("/api/predictions", json=body | {"record": True}, headers=headers)
    assert first.status_code == 200
    assert again.json() == first.json()
    assert len(gateway.rows("select id from predictions")) == 1
    other = doctor.post("/api/predictions", json=body | {"record": True, "explain": True}, headers=headers)
    assert other.status_code == 409
    assert doctor.post("/api/predictions", json=body, headers={"Idempotency-Key": "a b"}).status_code == 422
