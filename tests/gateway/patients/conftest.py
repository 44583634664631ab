"""What the tests of patients share."""

import pytest


@pytest.fixture
def fields() -> dict:
    """A valid record."""
    return {
        "first_name": "Zoë",
        "last_name": "Müller-Łuk",
        "age": 42,
        "sex": "female",
        "bmi": 27.9,
        "children": 2,
        "smoker": "no",
        "region": "northeast",
        "insurance_cost": 8240.59,
    }


@pytest.fixture
def doctor(client):
    """A client of a doctor at institution A."""
    return client("doctor")


@pytest.fixture
def add(doctor, fields):
    """Adds a patient at A, with other values where given; the record."""

    def create(**other) -> dict:
        answer = doctor.post("/api/patients", json=fields | other)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


@pytest.fixture
def audited(gateway):
    """What the audit log says of patients, oldest first."""

    def actions() -> list[tuple]:
        rows = gateway.rows("select action, subject_id, outcome from audit_log order by seq")
        return [tuple(row.values()) for row in rows if row["action"].startswith("patients")]

    return actions
