"""Whatever is sent, it is answered with a 4xx that repeats nothing of it."""

import json
from uuid import uuid4

import pytest


def test_bodies_that_are_no_json_object_are_refused(doctor, fields):
    good = json.dumps(fields)
    bodies = {
        b"": 422,
        b"{": 400,
        b"\xff\xfe": 400,
        b"null": 422,
        b"[]": 422,
        b"7": 422,
        b'"text"': 422,
        good.replace("27.9", "NaN").encode(): 400,
        good.replace("27.9", "Infinity").encode(): 400,
        good.replace("27.9", "1e999").encode(): 422,
        good.replace("27.9", "9" * 5000).encode(): 400,
        good.replace("42", "9" * 400).encode(): 422,
        good.replace("M\\u00fcller", "\\ud800").encode(): 422,
        good.replace("M\\u00fcller", "\\u0000").encode(): 422,
        good.replace('"age": 42', '"age": 42, "age": 43').encode(): 400,
        b"[" * 100_000: 400,
        b'{"a":' * 50_000: 400,
        ('{"first_name": ' + "[" * 900 + "]" * 900 + "}").encode(): 422,
        good.encode("utf-16"): 400,
        json.dumps(fields | {"__proto__": {}}).encode(): 422,
    }
    for body, status in bodies.items():
        answer = doctor.post("/api/patients", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, body[:80]
        assert set(answer.json()) == {"error"}
        assert "Zo" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/form-data; boundary=x", "json"])
def test_other_types_are_refused(doctor, fields, kind):
    answer = doctor.post("/api/patients", content=json.dumps(fields), headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media")


def test_a_body_larger_than_announced_or_allowed_is_refused(doctor):
    pieces = (b" " * 100_000 for _ in range(20))
    answer = doctor.post("/api/patients", content=pieces, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert doctor.post("/api/patients", content=b" " * 2_000_000).status_code == 413


def test_ids_that_are_none_are_refused(doctor, fields):
    for patient_id in ("x", "1", "%00", "'; drop table patients; --", "\ud800".encode("utf-8", "surrogatepass").hex()):
        assert doctor.get(f"/api/patients/{patient_id}").status_code in (404, 422)
        assert doctor.put(f"/api/patients/{patient_id}", json=fields).status_code in (404, 422)
    assert doctor.get(f"/api/patients/{uuid4()}").status_code == 404
    wrong = doctor.patch(f"/api/patients/{uuid4()}")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "DELETE, GET, PUT")
    assert doctor.put("/api/patients/export").headers["Allow"] == "GET"
