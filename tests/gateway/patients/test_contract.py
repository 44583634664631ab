"""The OpenAPI document tells a client all that it may send and get."""

import pytest

MODELS = ("PatientFields", "Patient", "PatientPage", "ImportReport")
OPERATIONS = {
    "listPatients": {"200"},
    "createPatient": {"201", "409"},
    "importPatients": {"200", "409"},
    "exportPatients": {"200"},
    "getPatient": {"200", "404"},
    "updatePatient": {"200", "404", "412", "428"},
    "deletePatient": {"204", "404", "412", "428"},
    "exportPatient": {"200", "404"},
    "erasePatient": {"200", "404"},
}


@pytest.fixture
def document(gateway):
    return gateway.app.openapi()


def test_every_operation_documents_its_answers(document):
    found = {
        operation["operationId"]: set(operation["responses"])
        for path, operations in document["paths"].items()
        if path.startswith("/api/patients")
        for operation in operations.values()
    }
    assert set(found) == set(OPERATIONS)
    for operation, statuses in OPERATIONS.items():
        assert found[operation] >= statuses | {"401", "403", "422", "503"}, operation


def test_models_have_examples_and_an_import_names_its_types(document):
    assert all(document["components"]["schemas"][name]["examples"] for name in MODELS)
    body = document["paths"]["/api/patients/import"]["post"]["requestBody"]
    assert {"text/csv", "multipart/form-data", "application/gzip"} <= set(body["content"])
    headers = document["paths"]["/api/patients"]["post"]["responses"]["201"]["headers"]
    assert set(headers) == {"ETag", "Location"}


def test_the_examples_are_valid(doctor, document):
    example = document["components"]["schemas"]["PatientFields"]["examples"][0]
    assert doctor.post("/api/patients", json=example).status_code == 201
    body = document["paths"]["/api/patients/import"]["post"]["requestBody"]["content"]["text/csv"]["example"]
    sent = doctor.post("/api/patients/import", content=body, headers={"Content-Type": "text/csv"})
    assert sent.json()["imported"] == 1
