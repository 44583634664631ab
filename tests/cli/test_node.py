"""``fedcare node``: deciding on plans and looking at what left, without a gateway."""

import pytest

NAME = "Hospital A"


@pytest.fixture
def plan(ask, gateway_login):
    """A plan that came in and waits."""
    from fedcare.aggregation.planning import plan_of
    from fedcare.db.database import Database
    from fedcare.federation.node import plans
    from fedcare.federation.node.store import NodeStore
    from fedcare.tasks.registry import get

    made, pool = plan_of(get("insurance-cost"), 42), Database(gateway_login, pool_size=1)
    with NodeStore(pool, NAME).transaction() as tx:
        plans.keep(tx, made.hash, made.canonical())
    pool.close()
    return made


def test_a_plan_is_approved_and_refused_by_the_beginning_of_its_hash(ask, plan):
    (found,) = ask("node", "plans")["plans"]
    assert (found["hash"], found["task"], found["status"]) == (plan.hash, "insurance-cost", "open")
    assert ask("node", "approve", plan.hash[:10]) == {
        "hash": plan.hash, "task": "insurance-cost", "status": "approved",
    }  # fmt: skip
    ask("node", "refuse", plan.hash[:10], "--reason", "not this month")
    (found,) = ask("node", "plans")["plans"]
    assert (found["status"], found["decided_how"], found["reason"]) == ("refused", "command line", "not this month")
    assert ask("node", "approve", "0000", code=2)["error"]["code"] == "unknown_plan"


def test_who_decided_is_in_the_institutions_audit_log(ask, plan):
    ask("node", "approve", plan.hash)
    ask("node", "rules", "set", "insurance-cost", "--rounds-a-day", "30")
    assert ask("audit", "verify")["intact"] is True


def test_rules_are_set_listed_and_withdrawn(ask):
    ask("node", "rules", "set", "insurance-cost", "--rounds-a-day", "30")
    ask("node", "rules", "set", "insurance-cost", "--rounds-a-day", "60", "--max-epsilon", "3")
    (rule,) = ask("node", "rules", "list")["rules"]
    assert rule == {
        "task": "insurance-cost", "max_rounds_per_day": 60, "max_epsilon": 3.0, "is_enabled": True,
    }  # fmt: skip
    ask("node", "rules", "remove", "insurance-cost")
    assert ask("node", "rules", "list")["rules"] == []
    assert ask("node", "rules", "remove", "insurance-cost", code=2)["error"]["code"] == "unknown_rule"
    assert ask("node", "rules", "set", "insurance-cost", "--rounds-a-day", "0", code=2)["error"]["code"] == "bad_usage"
    # A rule under such a name would wait for ever.
    assert (
        ask("node", "rules", "set", "Insurance cost", "--rounds-a-day", "1", code=2)["error"]["code"] == "bad_setting"
    )


def test_status_and_egress_of_a_node_that_has_done_nothing_yet(ask):
    found = ask("node", "status", "--institution", NAME)
    assert (found["institution"], found["records"]) == (NAME, {"insurance-cost": 0})
    assert found["certificate_until"]
    assert ask("node", "egress")["egress"] == []


def test_which_node_is_meant_must_be_clear(ask, tmp_path):
    assert ask("node", "status", "--institution", "Nobody", code=2)["error"]["code"] == "no_node"
    other = tmp_path / "home" / "node" / "b"
    other.mkdir()
    (other / "node.toml").write_text('institution = "B"\ncoordinator = "127.0.0.1:1"\n')
    assert "Hospital A" in ask("node", "status", code=2)["error"]["message"]
    (other / "node.toml").write_text('institution = "B"\ncoordinator = "127.0.0.1:1"\nsecret = 1\n')
    assert ask("node", "status", "--institution", "B", code=2)["error"]["code"] == "bad_node_settings"


def test_people_get_tables(fedcare, ask, plan):
    for command in (["plans"], ["rules", "list"], ["egress"], ["status"]):
        ran = fedcare("node", *command)
        assert ran.code == 0 and (ran.out or ran.err)
