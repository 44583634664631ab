"""The same request twice is one deed."""

import threading

from sqlalchemy import text


def post(client, fields, key="k-1"):
    return client.post("/api/patients", json=fields, headers={"Idempotency-Key": key})


def count(gateway):
    return gateway.rows("select count(*) from patients")[0]["count"]


def test_the_same_request_twice_gets_the_same_answer_and_is_done_once(doctor, fields, gateway, audited):
    first, second = post(doctor, fields), post(doctor, fields)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (first.headers["Location"], first.headers["ETag"]) == (second.headers["Location"], second.headers["ETag"])
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(gateway) == 1
    assert [action for action, _, _ in audited()] == ["patients.create"]


def test_another_request_with_a_used_key_is_refused(doctor, fields, gateway):
    post(doctor, fields)
    other = post(doctor, fields | {"age": 1})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert count(gateway) == 1


def test_a_key_is_its_workers_own(doctor, client, fields, gateway):
    ids = {post(each, fields).json()["id"] for each in (doctor, client("nurse"), client("doctor", "B"))}
    assert len(ids) == count(gateway) == 3


def test_a_refused_request_leaves_its_key_free(doctor, fields, gateway):
    assert post(doctor, fields | {"age": 999}).status_code == 422
    assert post(doctor, fields).status_code == 201


def test_a_bad_key_is_refused(doctor, fields):
    for key in ("", "a b", "x" * 201, "é".encode("latin-1")):
        assert post(doctor, fields, key).status_code == 422


def test_what_was_rolled_back_is_done_anew(doctor, fields, gateway):
    lenient = gateway.client("doctor", raise_server_exceptions=False)
    with gateway.owner.begin() as connection:
        connection.execute(text("alter function append_audit rename to hidden"))
    assert post(lenient, fields).status_code == 500
    with gateway.owner.begin() as connection:
        connection.execute(text("alter function hidden rename to append_audit"))
    assert count(gateway) == 0
    assert post(lenient, fields).status_code == 201
    assert count(gateway) == 1


def test_many_at_once_are_one_deed(client, fields, gateway):
    clients = [client("doctor") for _ in range(6)]
    answers = []
    threads = [threading.Thread(target=lambda each=each: answers.append(post(each, fields))) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(gateway) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5


def test_a_kept_answer_goes_with_its_patient(doctor, fields, gateway):
    made = post(doctor, fields).json()
    doctor.delete(f"/api/patients/{made['id']}", headers={"If-Match": "*"})
    assert gateway.rows("select * from idempotency_keys") == []
