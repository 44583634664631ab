"""Who may do what: every route of the OpenAPI document, as everybody, against the one table."""

import re
from uuid import uuid4

import pytest
import sqlalchemy

from fedcare.db.ids import new_id
from fedcare.gateway.caller import Role
from fedcare.gateway.permissions import PERMISSIONS, PUBLIC, SERVICE

METHODS = ("get", "post", "put", "delete")
# Whose path parameters name something of one institution's own; the others name what all of the consortium share.
OWNED = {"patient_id", "prediction_id", "worker_id", "institution_id"}
PATIENT = {
    "first_name": "Somebody",
    "last_name": "Else",
    "age": 40,
    "sex": "female",
    "bmi": 25.0,
    "children": 1,
    "smoker": "no",
    "region": "northwest",
}
# What a request must hold to be judged by whose record it names and not by its own form.
BODIES = {
    "updatePatient": PATIENT,
    "updateWorker": {"name": "Taken over", "role": "admin"},
    "updateInstitution": {"name": "Taken over"},
    "recordOutcome": {"outcome": 1.0},
}
HEADERS = {"If-Match": '"1"'}


@pytest.fixture
def operations(gateway):
    """Every operation of the document: (id, method, path)."""
    paths = gateway.app.openapi()["paths"]
    held = ((path, method, routes[method]) for path, routes in paths.items() for method in METHODS if method in routes)
    return [(route["operationId"], method, path) for path, method, route in held]


@pytest.fixture
def of_a(gateway):
    """What institution A owns, by the name of the path parameter; and words that only A's records hold."""
    ids = {"patient_id": new_id(), "prediction_id": new_id()}
    ids |= {"worker_id": gateway.workers["nurse", "A"], "institution_id": gateway.institutions["A"]}
    tenant = {"tenant": gateway.institutions["A"]}
    as_a = sqlalchemy.text("select set_config('app.institution_id', cast(:tenant as text), true)")
    patient = """
        insert into patients (institution_id, id, first_name, last_name, first_folded, last_folded, age, sex, bmi,
            children, smoker, region, insurance_cost)
        values (:tenant, :id, 'Onlyina', 'Onlyina', 'onlyina', 'onlyina', 40, 'male', 20, 0, 'no', 'onlyina', 1)
    """
    prediction = """
        insert into predictions (institution_id, id, worker_id, patient_id, task, model_version, result, value, outside)
        values (:tenant, :id, :worker, :patient, 'insurance-cost', 'onlyina', '{}', 1, false)
    """
    rule = "insert into standing_rules (institution_id, task, max_rounds_per_day) values (:tenant, 'onlyina', 1)"
    left = """
        insert into egress_log (institution_id, id, run, kind, bytes, hash)
        values (:tenant, :id, 'onlyina', 'update', 1, '')
    """
    charged = """
        insert into privacy_ledger (institution_id, seq, run, plan_hash, task, kind, epsilon, delta)
        values (:tenant, 1, 'onlyina', '', 'onlyina', 'unbounded', 0, 1e-5)
    """
    values = {"id": ids["prediction_id"], "worker": ids["worker_id"], "patient": ids["patient_id"]}
    with gateway.owner.begin() as connection:
        connection.execute(as_a, tenant)
        connection.execute(sqlalchemy.text(patient), tenant | {"id": ids["patient_id"]})
        connection.execute(sqlalchemy.text(prediction), tenant | values)
        connection.execute(sqlalchemy.text(rule), tenant)
        connection.execute(sqlalchemy.text(left), tenant | {"id": new_id()})
        connection.execute(sqlalchemy.text(charged), tenant)
    return ids


def parameters(path):
    return set(re.findall(r"{(\w+)}", path))


def test_the_table_names_every_route_and_no_other(operations):
    routes = {operation for operation, _, _ in operations}
    assert len(routes) == len(operations)
    assert routes == PERMISSIONS.keys() | PUBLIC
    assert not PERMISSIONS.keys() & PUBLIC


def test_a_route_that_the_table_does_not_name_is_nobodys(gateway, client, monkeypatch):
    monkeypatch.delitem(PERMISSIONS, "listInstitutions")
    for role in ("nurse", "doctor", "admin", "consortium"):
        assert client(role).get("/api/institutions").status_code == 403


def test_without_a_session_only_the_public_routes_answer(gateway, anonymous, operations):
    for operation, method, path in operations:
        answer = anonymous.request(method, place(path, {}))
        if operation in PUBLIC - SERVICE:
            assert answer.json()["error"]["code"] != "unauthenticated" if answer.status_code == 401 else True
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated"), operation


def test_no_session_opens_what_is_the_coordinators(client, operations):
    assert {operation for operation, _, path in operations if path.startswith("/api/internal/")} == SERVICE
    for role in Role:
        caller = client(role.value)
        for operation, method, path in operations:
            if operation in SERVICE:
                assert caller.request(method, path).status_code == 401, operation


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_the_table_says_and_nothing_else(gateway, client, operations, role):
    caller, refusals = client(role.value), 0
    for operation, method, path in sorted(operations, key=lambda each: each[0] == "logout"):
        if operation in PUBLIC:
            continue
        answer = caller.request(method, place(path, {"institution_id": gateway.institutions["A"]}))
        if role in PERMISSIONS[operation]:
            assert answer.status_code not in {401, 403}, (operation, answer.text)
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), operation
            refusals += 1
    assert refusals
    whose = gateway.workers[role.value, None if role is Role.CONSORTIUM else "A"]
    audited = gateway.rows("select action from audit_log where actor = :actor and outcome = 'refused'", actor=whose)
    assert len(audited) == refusals


@pytest.mark.parametrize("role", list(Role))
def test_whoever_is_of_another_institution_reaches_nothing_of_this_one(gateway, client, operations, of_a, role):
    caller, before = client(role.value, "B"), snapshot(gateway)
    for operation, method, path in operations:
        if operation in PUBLIC or role not in PERMISSIONS[operation] or operation == "logout":
            continue
        owned = parameters(path) & OWNED
        if role is Role.CONSORTIUM and owned == {"institution_id"}:
            continue  # The consortium admits and dismisses institutions.
        answer = caller.request(method, place(path, of_a), json=BODIES.get(operation), headers=HEADERS)
        if owned:
            assert answer.status_code in {403, 404}, (operation, answer.text)
        assert "onlyina" not in answer.text.lower(), operation
        assert str(of_a["patient_id"]) not in answer.text, operation
        assert gateway.email("nurse", "A") not in answer.text, operation
    assert snapshot(gateway) == before


@pytest.mark.parametrize("role", ["nurse", "doctor", "admin"])
def test_a_listing_cannot_be_asked_for_another_institutions_rows(gateway, client, of_a, role):
    caller = client(role, "B")
    for query in ({"patient_id": str(of_a["patient_id"])}, {"worker_id": str(of_a["worker_id"])}):
        answer = caller.get("/api/predictions/history", params=query)
        assert "onlyina" not in answer.text


def test_a_nurse_deletes_no_patient_and_the_consortium_sees_none(client, of_a):
    place_of = f"/api/patients/{of_a['patient_id']}"
    assert client("nurse").delete(place_of, headers=HEADERS).status_code == 403
    assert client("consortium").get(place_of).status_code == 403
    assert client("consortium").get("/api/patients").status_code == 403
    assert client("nurse").get(place_of).status_code == 200


def place(path, ids):
    """The path with what it names: one of ``ids``, or something that does not exist."""
    return re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], unknown(found[1]))), path)


def unknown(parameter):
    return "999999" if parameter in {"version_id", "model_id", "institution_id"} else str(uuid4())


def snapshot(gateway):
    """What institution A holds, but for its audit log."""
    tables = {"patients": "tenant", "predictions": "tenant", "medical_workers": "tenant", "institutions": "id"}
    tables |= {"standing_rules": "tenant", "egress_log": "tenant", "plan_approvals": "tenant"}
    tables |= {"privacy_budgets": "tenant", "privacy_ledger": "tenant", "privacy_answers": "tenant"}
    a = gateway.institutions["A"]
    return {table: gateway.rows(f"select * from {table} where {column} = :a", a=a) for table, column in tables.items()}
