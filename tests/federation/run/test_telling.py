"""What is told arrives in order, however often the gateway is away, and never holds a run up."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import RunState
from fedcare.aggregation.exchange import Answer, RoundRecord
from fedcare.aggregation.planning import plan_of
from fedcare.federation.run.reporter import Reporter
from fedcare.federation.run.telling import Teller
from fedcare.federation.spending import RunCost, spending
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

NOTHING = np.zeros(0)


class Gateway:
    """Takes tellings; ``answers`` are the statuses of the next ones, 204 after them."""

    def __init__(self, port: int = 0) -> None:
        self.bodies, self.answers, self.headers = [], [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if outer.answers else 204
                if status == 204:
                    outer.bodies.append((self.path, body))
                    outer.headers.append(dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


def test_everything_is_told_in_order_with_the_token(gateway):
    teller = Teller(gateway.url, "a token")
    for number in range(3):
        teller.tell("event", {"number": number})
    teller.tell("version", {"run_id": "r"}, lambda: b"the archive")
    teller.finish()
    assert [path for path, _ in gateway.bodies] == ["/api/internal/event"] * 3 + ["/api/internal/version"]
    assert [body for _, body in gateway.bodies[:3]] == [b'{"number":%d}' % number for number in range(3)]
    assert b"the archive" in gateway.bodies[3][1]
    assert all(headers["Authorization"] == "Bearer a token" for headers in gateway.headers)


def test_a_gateway_that_is_away_or_fails_is_told_later(gateway):
    gateway.answers = [503, 500, 429, 401]
    teller = Teller(gateway.url, "a token")
    teller.tell("event", {"number": 1})
    teller.tell("event", {"number": 2})
    teller.finish()
    assert [body for _, body in gateway.bodies] == [b'{"number":1}', b'{"number":2}']


def test_what_a_gateway_never_takes_does_not_hold_up_the_rest(gateway):
    gateway.answers = [422]
    teller = Teller(gateway.url, "a token")
    teller.tell("event", {"number": 1})
    teller.tell("event", {"number": 2})
    teller.finish()
    assert [body for _, body in gateway.bodies] == [b'{"number":2}']


def test_telling_never_waits_for_a_gateway_that_is_away():
    gateway = Gateway()
    gateway.close()
    teller = Teller(gateway.url, "a token")
    started = time.monotonic()
    for number in range(100):
        teller.tell("event", {"number": number})
    assert time.monotonic() - started < 0.5
    teller.close()


class Told(list):
    """A teller that keeps what it is told."""

    def tell(self, what, data):
        self.append((what, data))


def test_a_round_that_was_rolled_back_is_told_as_failed_and_with_its_reason():
    told = Told()
    record = RoundRecord(2, {"auc": 0.5}, {}, None, {"Rural Hospital": 3}, rolled_back="its auc is worse by 0.4")
    Reporter("run", "fedavg", told).round_finished(record)
    (_, note), (what, data), _ = told
    assert (note["data"]["about"], note["data"]["round"]) == ("rolled back", 2)
    assert note["data"]["text"] == "round 2 is rolled back: its auc is worse by 0.4"
    assert (what, data["status"], data["round"]) == ("round", "failed", 2)


def test_who_was_asked_and_who_failed_in_which_round_is_told_in_names():
    told = Told()
    reporter = Reporter("run", "fedavg", told)
    reporter.round_started(3, ["Rural Hospital", "Urban Hospital"])
    reporter.answered(Answer("Urban Hospital", error="no answer"))
    asked, dropped = (said["data"] for _, said in told)
    assert (asked["round"], asked["institutions"]) == (3, ["Rural Hospital", "Urban Hospital"])
    assert (dropped["round"], dropped["institution"], dropped["reason"]) == (3, "Urban Hospital", "no answer")


def test_what_each_institution_has_paid_so_far_is_told_with_each_round_of_a_private_run():
    chosen = {"privacy.dp.enabled": "true", "privacy.dp.epsilon": "2", "full_batch": "true", "rounds": "3"}
    plan, told = plan_of(apply(get("insurance-cost"), chosen), 1), Told()
    history = [record(1, "A", "B"), record(2, "A", dropped={"B": "too far away"}), record(3, "A")]
    Reporter("run", "fedavg", told, RunCost(plan)).told_before(history)
    paid = [data["institutions"] for what, data in told if what == "metrics"]
    courses = spending(plan, RunState(NOTHING, NOTHING, {}, {}, record(0), history=history))["institutions"]
    for name, course in courses.items():
        assert [each[name]["epsilon"] for each in paid if name in each] == [
            pytest.approx(spent) for number, spent in course["rounds"] if number and name in paid[number - 1]
        ]
    assert paid[1]["B"]["epsilon"] == paid[1]["A"]["epsilon"] > paid[0]["A"]["epsilon"]
    told.clear()
    Reporter("run", "fedavg", told).round_finished(record(1, "A"))
    assert "epsilon" not in told[-1][1]["institutions"]["A"]


def record(number, *names, dropped=None):
    return RoundRecord(number, {}, {}, None, dict.fromkeys(names, 50), dropped or {})
