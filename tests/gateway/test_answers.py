"""What every answer has in common: unknown addresses, empty answers, and examples that are what they show."""

from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from fedcare.gateway.models.schemas import ModelPage, ModelStatus
from fedcare.gateway.predictions.schemas.answers import ImagePredictionAnswer
from fedcare.gateway.predictions.schemas.history import History


@pytest.mark.parametrize("path", ["/api/patient", "/api/patients/x", "/api", "/api/" + "x" * 5000])
def test_an_address_that_there_is_not_is_named_and_the_others_pointed_to(client, path):
    answer = client("nurse").get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "unknown_address")
    assert path[:200] in error["message"] and "/api/openapi.json" in error["message"]
    assert len(answer.text) < 1000


def test_a_record_that_there_is_not_is_no_unknown_address(client):
    assert client("nurse").get(f"/api/patients/{uuid4()}").json()["error"]["code"] == "not_found"


def test_an_answer_without_a_body_has_no_type_and_no_length(gateway, client):
    rule = "/api/plans/rules/insurance-cost"
    assert client("admin").put(rule, json={"max_rounds_per_day": 10}).status_code == 200
    empty = [
        client("consortium").delete("/api/models/traffic", params={"task": "insurance-cost"}),
        client("admin").delete(rule),
        client("nurse").get("/api/metrics/latest"),
        client("nurse").post("/api/auth/logout"),
    ]
    for answer in empty:
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers and "content-length" not in answer.headers


def test_every_documented_answer_of_204_is_without_content(gateway):
    routes = [route for path in gateway.app.openapi()["paths"].values() for route in path.values()]
    empty = [route["responses"]["204"] for route in routes if "204" in route["responses"]]
    assert empty and all("content" not in answer for answer in empty)


@pytest.mark.parametrize("model", [ModelStatus, ModelPage, History, ImagePredictionAnswer])
def test_the_examples_fit_their_schema_and_show_images_too(model):
    examples = model.model_json_schema()["examples"]
    for example in examples:
        TypeAdapter(model).validate_python(example)
    assert "cancer-imaging" in str(examples)
