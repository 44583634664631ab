"""What a hospital's user reads of a request that is not valid: one plain problem a field, whatever was sent."""

import json
import re

import pytest

from fedcare.gateway.permissions import PERMISSIONS, PUBLIC

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
ODD = ["", " ", "\x00", "x" * 700, "not-a-thing", -1, 10**12, 10**400, 0.5, True, None, [], {}, [{}], {"": 1}]
# What only a programmer reads: pydantic's sentences, regular expressions, limits of 32 bits, kinds of a union.
UNREADABLE = re.compile(r"Input should|String should|Value error|Field required|pattern|\^|\\x|214748|constrained|1e\+")


def problems(answer):
    found = answer.json()["error"]["details"]["fields"]
    return {each["field"]: each["problem"] for each in found}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("age", 10**400, "it must be a whole number from 0 to 130"),
        ("age", -1, "it must be a whole number from 0 to 130"),
        ("age", "40", "it must be a whole number from 0 to 130"),
        ("bmi", 4, "it must be a number from 5 to 150"),
        ("insurance_cost", -0.01, "it must be a number from 0 to 100,000,000,000"),
        ("first_name", "  ", "it must be one line of text of 1 to 100 characters, not of blanks alone"),
        ("sex", "f", "it must be 'male' or 'female'"),
        ("nickname", "G", "there is no such field here"),
    ],
)
def test_a_patients_field_is_refused_in_a_sentence(client, field, value, problem):
    answer = client("nurse").post("/api/patients", json=PATIENT | {field: value})
    assert answer.status_code == 422
    assert problems(answer) == {field: problem}


def test_what_is_missing_is_said_to_be(client):
    answer = client("nurse").post("/api/patients", json={name: PATIENT[name] for name in PATIENT if name != "age"})
    assert problems(answer) == {"age": "it is missing"}
    assert answer.json()["error"]["message"] == "The request is not valid: age: it is missing"
    assert problems(client("admin").get("/api/models/compare")) == {"task": "it is missing"}


def test_a_number_that_is_too_large_is_one_problem_of_a_prediction(client):
    body = b'{"features": {"bmi": 1e400, "age": ["x"]}, "record": false}'
    answer = client("nurse").post("/api/predictions", content=body, headers={"Content-Type": "application/json"})
    said = "it must be a number of at most fifteen digits, one line of text of 1 to 100 characters, or null"
    assert problems(answer) == {"features.bmi": said, "features.age": said}


def test_an_email_is_asked_for_with_an_example(client):
    body = {"email": "ada", "name": "", "role": "nurse"}
    assert problems(client("admin").post("/api/workers", json=body)) == {
        "email": "it must be an email address, such as ada@hospital-a.example",
        "name": "it must not be empty",
    }


def test_whatever_is_sent_wherever_no_problem_is_said_in_a_programmers_words(gateway, client):
    callers = {role.value: client(role.value) for role in set().union(*PERMISSIONS.values())}
    document, said = gateway.app.openapi(), set()
    for path, routes in document["paths"].items():
        for method, route in routes.items():
            operation = route["operationId"]
            if operation in PUBLIC or operation == "logout":
                continue
            caller = callers[min(role.value for role in PERMISSIONS[operation])]
            for request in requests_of(document, path, method, route):
                answer = caller.send(caller.build_request(**request))
                if answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_request":
                    fields = answer.json()["error"]["details"]["fields"]
                    names = [each["field"] for each in fields]
                    assert len(names) == len(set(names)), (operation, fields)
                    said |= {(operation, each["problem"]) for each in fields}
    assert len(said) > 100
    assert [(operation, problem) for operation, problem in said if UNREADABLE.search(problem)] == []


def requests_of(document, path, method, route):
    """Requests of a route, each with one odd value in one place."""
    address = re.sub(r"{(\w+)}", "1", path)
    schema = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    named = schema and document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    for odd in ODD:
        if schema:
            for name in named.get("properties", {}):
                content = json.dumps({name: odd})
                headers = {"Content-Type": "application/json", "If-Match": "*"}
                yield {"method": method, "url": address, "content": content, "headers": headers}
        for parameter in route.get("parameters", ()):
            if parameter["in"] == "query":
                yield {"method": method, "url": address, "params": {parameter["name"]: str(odd)}}
            elif parameter["in"] == "header" and str(odd).isprintable() and isinstance(odd, str):
                yield {"method": method, "url": address, "headers": {parameter["name"]: odd}}
