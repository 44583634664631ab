"""What every answer carries, what the log may say, and what watches the gateway."""

import json

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from fedcare.errors import DatabaseUnavailable
from fedcare.gateway.failures import handle_failures
from fedcare.gateway.middleware import Gate
from fedcare.gateway.strict_json import StrictRoute

SECRET = "Grace Hopper, 40 years"


@pytest.fixture
def small():
    """An application of two routes behind the gate, which takes a hundred bytes."""
    app = FastAPI()
    app.router.route_class = StrictRoute

    @app.post("/echo", operation_id="echo")
    async def echo(body: dict) -> dict:
        return body

    @app.get("/broken", operation_id="broken")
    async def broken() -> None:
        raise ValueError(SECRET)

    handle_failures(app)
    app.add_middleware(Gate, body_bytes=100, upload_bytes=200)
    return TestClient(app)


def test_it_is_alive_and_says_what_it_lacks_to_serve(anonymous):
    assert anonymous.get("/api/health").json() == {"status": "ok"}
    lacking = anonymous.get("/api/health/ready")
    assert (lacking.status_code, lacking.json()) == (
        503,
        {"ready": False, "database": True, "models": [], "faults": {}, "worker": False, "worker_seen_at": None},
    )
    assert "Retry-After" in lacking.headers


def test_it_knows_whether_somebody_works_on_runs_and_since_when_nobody_does(gateway, anonymous):
    with gateway.owner.begin() as owner:
        owner.execute(text("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')"))
    gone = anonymous.get("/api/health/ready").json()
    assert gone["worker"] is False
    assert gone["worker_seen_at"] is not None
    with gateway.owner.begin() as owner:
        owner.execute(text("insert into procrastinate_workers default values"))
    assert anonymous.get("/api/health/ready").json()["worker"] is True


def test_without_its_database_it_is_not_ready(gateway, anonymous, monkeypatch):
    def away(_scope):
        raise DatabaseUnavailable()

    monkeypatch.setattr(gateway.database, "transaction", away)
    assert anonymous.get("/api/health/ready").json()["database"] is False
    answer = gateway.anonymous(headers={"Authorization": "Bearer x"}).get("/api/patients")
    assert answer.status_code == 401


def test_prometheus_reads_requests_and_latency_by_operation(anonymous):
    anonymous.get("/api/health")
    told = anonymous.get("/metrics").text
    assert 'fedcare_requests_total{method="GET",operation="getHealth",status="200"}' in told
    assert 'fedcare_request_seconds_bucket{le="0.001",operation="getHealth"}' in told
    assert "fedcare_pool_size" in told


def test_every_answer_carries_safe_headers_and_an_id(anonymous):
    for path in ("/api/health", "/api/nowhere", "/api/patients"):
        headers = anonymous.get(path, headers={"X-Request-Id": "mine-1"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"] == "mine-1"
    assert anonymous.get("/api/health", headers={"X-Request-Id": 'a"} {"b'}).headers["x-request-id"] != 'a"} {"b'


def test_only_named_origins_may_call_from_a_page(make_gateway):
    gateway = make_gateway(origins=("https://console.example",))
    for origin, allowed in (("https://console.example", True), ("https://evil.example", False)):
        headers = gateway.anonymous().get("/api/health", headers={"Origin": origin}).headers
        assert (headers.get("access-control-allow-origin") == origin) is allowed


def test_too_large_a_body_is_refused_whether_announced_or_not(small):
    body = json.dumps({"text": "x" * 200}).encode()
    for content in (body, iter([body[:80], body[80:]])):
        answer = small.post("/echo", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_the_unexpected_is_a_500_that_quotes_nothing_anywhere(small, capfd):
    answer = small.get("/broken")
    logged = "".join(capfd.readouterr())
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert SECRET not in answer.text + logged
    assert "ValueError" in logged


def test_a_request_is_logged_without_its_address_or_body(client, capfd):
    client("doctor").get("/api/patients", params={"search": "Hopper"})
    logged = capfd.readouterr().err
    assert "listPatients" in logged
    assert "Hopper" not in logged
