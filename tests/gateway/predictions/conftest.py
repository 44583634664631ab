"""What the tests of predictions share."""

import pytest

from fedcare.db.ids import new_id
from fedcare.db.tables import patients
from fedcare.gateway.predictions.schemas.requests import A_RECORD


@pytest.fixture
def record() -> dict:
    """A record of insurance-cost of which nothing is out of the ordinary."""
    return dict(A_RECORD)


@pytest.fixture
def insurance(serve):
    """An active version of insurance-cost."""
    return serve("insurance")


@pytest.fixture
def doctor(client):
    """A client of a doctor at institution A."""
    return client("doctor")


@pytest.fixture
def predict(doctor):
    """Asks for a prediction; the answer."""

    def ask(**body) -> dict:
        answer = doctor.post("/api/predictions", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def add_patient(gateway, record):
    """Adds a patient by hand, at A unless told otherwise; the id as text."""

    def add(institution: str = "A", **other) -> str:
        patient_id = new_id()
        named = {"first_name": "Ada", "last_name": "Noor", "first_folded": "ada", "last_folded": "noor"}
        row = named | record | {"id": patient_id, "institution_id": gateway.institutions[institution]} | other
        with gateway.database.transaction(gateway.scope(institution)) as tx:
            tx.execute(patients.insert().inline().values(**row))
        return str(patient_id)

    return add
