"""The privacy budget: an institution's admin reads and sets it, the consortium does neither."""

import pytest

from fedcare.db import privacy
from fedcare.db.database import Scope
from fedcare.privacy.accounting import Use, epsilon

BUDGET = {"epsilon": 2.5, "delta": 1e-6, "private_only": True}
USES = (Use(10.0), Use(20.0, steps=4))


@pytest.fixture
def charged(gateway):
    """A run that institution A reserved and answered once, and one without differential privacy."""
    a = gateway.institutions["A"]
    with gateway.database.transaction(Scope.of(a)) as tx:
        run = privacy.Run("run-1", "f" * 64, "insurance-cost")
        privacy.write(tx, a, run, "reserved", USES)
        privacy.write(tx, a, run, "begun", USES[:1], "update", 1)
        privacy.write(tx, a, privacy.Run("run-2", "e" * 64, "insurance-cost"), "unbounded")


def test_every_institution_starts_with_an_epsilon_of_one(client):
    told = client("admin").get("/api/privacy/budget").json()
    assert told == {
        "epsilon": 1.0, "delta": 1e-5, "private_only": False, "spent": 0.0, "left": 1.0, "unbounded_runs": 0,
        "set_by": None, "set_at": None,
    }  # fmt: skip


def test_the_admin_sets_the_budget_and_the_log_says_so(gateway, client):
    told = client("admin").put("/api/privacy/budget", json=BUDGET).json()
    assert {name: told[name] for name in BUDGET} == BUDGET
    assert told["set_by"] == str(gateway.workers["admin", "A"])
    assert client("admin").get("/api/privacy/budget").json() == told
    assert client("admin", "B").get("/api/privacy/budget").json()["epsilon"] == 1.0
    (row,) = gateway.rows("select actor, tenant from audit_log where action = 'privacy.set_budget'")
    assert (row["actor"], row["tenant"]) == (gateway.workers["admin", "A"], gateway.institutions["A"])


@pytest.mark.parametrize("role", ["nurse", "doctor", "consortium"])
def test_nobody_else_reads_or_sets_it(client, role):
    assert client(role).get("/api/privacy/budget").status_code == 403
    assert client(role).put("/api/privacy/budget", json=BUDGET).status_code == 403
    assert client(role).get("/api/privacy/ledger").status_code == 403


@pytest.mark.parametrize(
    "change",
    [{"epsilon": -1}, {"epsilon": 1e9}, {"delta": 0}, {"delta": 1}, {"private_only": 1}, {"more": 1}, {"epsilon": "1"}],
)
def test_a_budget_that_cannot_be_is_refused(client, change):
    assert client("admin").put("/api/privacy/budget", json=BUDGET | change).status_code == 422


def test_what_is_spent_follows_from_what_was_charged(client, charged):
    told = client("admin").get("/api/privacy/budget").json()
    assert told["spent"] == pytest.approx(epsilon(USES, 1e-5))
    assert told["left"] == pytest.approx(1.0 - told["spent"])
    assert told["unbounded_runs"] == 1
    at_another_delta = client("admin").put("/api/privacy/budget", json=BUDGET).json()
    assert at_another_delta["spent"] == pytest.approx(epsilon(USES, 1e-6))


def test_the_ledger_is_read_page_by_page_by_its_own_admin(client, charged):
    a = client("admin")
    first = a.get("/api/privacy/ledger", params={"limit": 2}).json()
    rest = a.get("/api/privacy/ledger", params={"limit": 2, "cursor": first["next"]}).json()
    rows = first["items"] + rest["items"]
    assert [(row["seq"], row["kind"]) for row in rows] == [(3, "unbounded"), (2, "begun"), (1, "reserved")]
    assert rest["next"] is None
    assert rows[0]["epsilon"] is None
    assert rows[2]["uses"] == [
        {"noise_multiplier": 10.0, "sample_rate": 1.0, "steps": 1},
        {"noise_multiplier": 20.0, "sample_rate": 1.0, "steps": 4},
    ]
    assert len(a.get("/api/privacy/ledger", params={"run": "run-1"}).json()["items"]) == 2
    assert client("admin", "B").get("/api/privacy/ledger").json()["items"] == []
    assert a.get("/api/privacy/ledger", params={"cursor": "bm90IG9uZQ"}).status_code == 422


def propose(client, **settings):
    recipe = {"task": "insurance-cost", "rounds": 2, "settings": settings, "seed": 7}
    return client("consortium").post("/api/plans", json=recipe).json()["hash"]


def test_an_admin_sees_what_a_plan_would_cost_before_approving_it(client, charged):
    private = {"privacy.dp.enabled": True, "privacy.dp.epsilon": 0.5, "local.full_batch": True}
    place = f"/api/privacy/plans/{propose(client, **private)}"
    told = client("admin").get(place).json()
    assert 0.4 < told["epsilon"] <= 0.5
    assert told["spent"] == pytest.approx(epsilon(USES, 1e-5))
    assert max(told["spent"], told["epsilon"]) < told["spent_after"] < told["spent"] + told["epsilon"]
    assert told["runs_that_fit"] >= 1
    assert client("admin", "B").get(place).json()["spent"] == 0.0
    assert client("consortium").get(place).status_code == 403


def test_no_figure_is_made_up_for_a_plan_that_nothing_bounds(client):
    told = client("admin").get(f"/api/privacy/plans/{propose(client)}").json()
    assert told == {"epsilon": None, "delta": 1e-5, "spent": 0.0, "spent_after": None, "runs_that_fit": None}
    assert client("admin").get(f"/api/privacy/plans/{'0' * 64}").status_code == 404
