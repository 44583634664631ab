"""What could be read in two ways is refused: another character set, bytes of none, a header or a parameter twice."""

import json

import pytest
from tests.gateway.test_problems import PATIENT


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", '"utf-16"', "utf-8-sig"])
def test_json_in_another_character_set_is_refused(client, charset):
    headers = {"Content-Type": f"application/json; charset={charset}"}
    for path in ("/api/patients", "/api/predictions", "/api/auth/password"):
        answer = client("nurse").post(path, content=json.dumps(PATIENT), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media"), path
        assert "UTF-8" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON ; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf_8_is_taken_however_that_is_written(client, kind):
    answer = client("nurse").post("/api/patients", content=json.dumps(PATIENT), headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", ["/api/patients?search=%ff", "/api/models?task=%C3", "/api/health?x=%80"])
def test_an_address_with_bytes_that_are_not_utf_8_is_refused(client, path):
    answer = client("doctor").get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "UTF-8" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/patients", "/api/patients/export", "/api/models", "/api/predictions/history"])
def test_a_parameter_that_stands_twice_is_refused_by_its_name(client, path):
    answer = client("doctor").get(f"{path}?limit=1&limit=2")
    assert answer.status_code == 422
    (problem,) = answer.json()["error"]["details"]["fields"]
    assert problem == {"field": "limit", "problem": "it stands in the address twice: keep one"}


def test_who_may_not_ask_is_told_that_first(anonymous, client):
    assert anonymous.get("/api/patients?limit=1&limit=2").status_code == 401
    assert client("consortium").get("/api/patients?limit=1&limit=2").status_code == 403


def test_two_authorization_headers_are_refused(gateway, anonymous):
    tokens = [gateway.token("nurse"), gateway.token("admin")]
    answer = anonymous.get("/api/auth/me", headers=[("Authorization", f"Bearer {token}") for token in tokens])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "Authorization" in answer.json()["error"]["message"]
