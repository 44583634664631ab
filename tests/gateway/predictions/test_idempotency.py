"""Batches and images that are sent twice with one key are kept once."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

ONCE = {"Idempotency-Key": "once"}
BATCH, IMAGING = "/api/predictions/batch", "/api/predictions/imaging"


def kept(gateway) -> int:
    return gateway.rows("select count(*) from predictions")[0]["count"]


def test_a_batch_that_is_sent_again_is_kept_once(gateway, insurance, doctor, record):
    body = {"rows": [record, {}, record | {"bmi": 140}], "record": True}
    first, again = (doctor.post(BATCH, json=body, headers=ONCE) for _ in range(2))
    assert first.status_code == 200 and first.content == again.content
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert kept(gateway) == 2
    assert len(gateway.rows("select 1 from audit_log where action = 'predictions.create_batch'")) == 1
    other = doctor.post(BATCH, json=body | {"rows": [record]}, headers=ONCE)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert doctor.post(BATCH, json=body, headers={"Idempotency-Key": "a b"}).status_code == 422


def test_a_batch_that_leaves_no_trace_leaves_no_key(gateway, insurance, doctor, record):
    assert doctor.post(BATCH, json={"rows": [record]}, headers=ONCE).json()["ids"] is None
    assert gateway.rows("select * from idempotency_keys") == []


def test_a_refused_batch_leaves_its_key_free(gateway, serve, doctor, record):
    body = {"rows": [record], "record": True}
    assert doctor.post(BATCH, json=body, headers=ONCE).json()["error"]["code"] == "no_active_model"
    serve("insurance")
    assert doctor.post(BATCH, json=body, headers=ONCE).status_code == 200
    assert kept(gateway) == 1


def test_the_same_batch_many_times_at_once_is_kept_once(gateway, insurance, client, record):
    body, answers = {"rows": [record] * 50, "record": True}, []

    def send(doctor):
        answers.append(doctor.post(BATCH, json=body, headers=ONCE))

    threads = [threading.Thread(target=send, args=(client("doctor"),)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert kept(gateway) == 50


@pytest.fixture
def look(serve, doctor, picture):
    serve("imaging")

    def ask(content=None, headers=ONCE, **fields):
        files = {"image": ("a.png", content or picture(), "image/png")}  # Each form has a boundary of its own.
        return doctor.post(IMAGING, files=files, data=fields, headers=headers)

    return ask


def test_an_image_that_is_sent_again_is_kept_once_and_nothing_of_it_with_its_key(
    gateway, look, doctor, add_patient, picture
):
    patient = add_patient()
    first, again = look(patient_id=patient), look(patient_id=patient)
    assert first.status_code == 200 and again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json() and again.json()["heat_map"]
    assert kept(gateway) == 1
    (row,) = gateway.rows("select response, patient_id from idempotency_keys")
    assert str(row["patient_id"]) == patient and "heat_map" not in row["response"] and '"image"' not in row["response"]
    assert look(picture(seed=4), patient_id=patient).status_code == 409
    assert look(patient_id=patient, record="false").json()["id"] is None
    doctor.delete(f"/api/patients/{patient}", headers={"If-Match": "*"})
    assert gateway.rows("select * from idempotency_keys") == []


def test_an_image_sent_again_under_another_version_gets_the_first_answer_without_a_heat_map(gateway, look):
    first = look().json()
    with gateway.owner.begin() as connection:
        connection.exec_driver_sql(
            "update idempotency_keys set response = jsonb_set(response::jsonb, '{model_version}', '\"older\"')::text"
        )
    again = look().json()
    assert again["id"] == first["id"] and again["model_version"] == "older"
    assert again["image"] == first["image"] and again["heat_map"] is None


def test_an_image_that_was_refused_leaves_its_key_free(gateway, look):
    assert look(b"no image").status_code == 422
    assert look(patient_id="0199f3a1-7c2b-7d44-9b1e-2f6a5c3d4e5f").status_code == 404
    assert look().status_code == 200
    assert look(headers={"Idempotency-Key": "a b"}).status_code == 422
    assert kept(gateway) == 1


@pytest.fixture
def picture():
    """Makes small grey pictures."""

    def make(seed: int = 3) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40), dtype=np.uint8)).save(buffer, "PNG")
        return buffer.getvalue()

    return make
