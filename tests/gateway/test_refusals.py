"""What the audit log says of who was refused: the action's own name and the record it was about."""

from uuid import uuid4

import pytest

from fedcare.gateway.actions import ACTIONS
from fedcare.gateway.permissions import PERMISSIONS

PATIENT = {
    "first_name": "Grace",
    "last_name": "Hopper",
    "age": 40,
    "sex": "female",
    "bmi": 31.0,
    "children": 2,
    "smoker": "no",
    "region": "southeast",
}
ANY = {"If-Match": "*"}


def logged(gateway, **wanted):
    """The log's rows with these values, as (action, kind, id, outcome)."""
    rows = gateway.rows("select * from audit_log order by tenant, seq")
    return [
        (row["action"], row["subject_type"], row["subject_id"], row["outcome"])
        for row in rows
        if all(row[name] == value for name, value in wanted.items())
    ]


def test_every_operation_that_may_be_refused_has_an_action():
    assert ACTIONS.keys() == PERMISSIONS.keys()


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("delete", "", "patients.delete"),
        ("get", "/export", "patients.export_one"),
        ("post", "/erasure", "patients.erase"),
    ],
)
def test_who_tried_and_who_did_are_found_by_one_search_for_the_record(gateway, client, method, path, action):
    patient_id = client("nurse").post("/api/patients", json=PATIENT).json()["id"]
    address = f"/api/patients/{patient_id}{path}"
    assert client("nurse").request(method, address, headers=ANY).status_code == 403
    assert client("doctor").request(method, address, headers=ANY).status_code < 300
    found = logged(gateway, subject_type="patient", subject_id=patient_id, action=action)
    assert found == [(action, "patient", patient_id, "refused"), (action, "patient", patient_id, "ok")]
    asked = {"subject_type": "patient", "subject_id": patient_id, "outcome": "refused"}
    (seen,) = client("admin").get("/api/audit", params=asked).json()["items"]
    assert seen["action"] == action and seen["actor"] == str(gateway.workers["nurse", "A"])


def test_an_id_is_logged_in_its_one_spelling_and_nothing_that_is_no_id(gateway, client):
    chosen, consortium = uuid4(), client("consortium")
    for spelled in (str(chosen).upper(), chosen.hex, "Grace%20Hopper", "%00", "x" * 200):
        assert consortium.put(f"/api/predictions/{spelled}/outcome", json={"outcome": 1}).status_code == 403
    assert consortium.get("/api/predictions/history", params={"patient_id": str(chosen)}).status_code == 403
    assert logged(gateway, action="predictions.outcome") == [
        *[("predictions.outcome", "prediction", str(chosen), "refused")] * 2,
        *[("predictions.outcome", "prediction", None, "refused")] * 3,
    ]
    assert logged(gateway, action="predictions.list") == [("predictions.list", "patient", str(chosen), "refused")]


def test_refused_and_done_have_one_name_for_institutions_and_workers(gateway, client):
    body = {"name": "Hospital A", "address": ""}
    address = f"/api/institutions/{gateway.institutions['A']}"
    assert client("nurse").put(address, json=body).status_code == 403
    assert client("admin").put(address, json=body).status_code == 200
    worker = gateway.workers["nurse", "A"]
    assert client("doctor").post(f"/api/workers/{worker}/invitation").status_code == 403
    assert client("admin").post(f"/api/workers/{worker}/invitation").status_code == 201
    for action, kind, subject in (
        ("institutions.update", "institution", str(gateway.institutions["A"])),
        ("workers.invite", "worker", str(worker)),
    ):
        assert [row[1:] for row in logged(gateway, action=action)] == [
            (kind, subject, "refused"),
            (kind, subject, "ok"),
        ]


def test_a_request_that_lacks_the_csrf_token_is_logged_as_what_it_would_have_done(gateway, anonymous):
    body = {"email": gateway.email("doctor"), "password": "correct horse battery staple", "cookies": True}
    assert anonymous.post("/api/auth/login", json=body).status_code == 200
    patient_id = str(uuid4())
    refused = anonymous.delete(f"/api/patients/{patient_id}", headers=ANY)
    assert refused.json()["error"]["code"] == "bad_csrf_token"
    (found,) = logged(gateway, actor=gateway.workers["doctor", "A"], outcome="refused")
    assert found == ("patients.delete", "patient", patient_id, "refused")
