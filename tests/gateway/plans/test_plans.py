"""Plans are proposed by the consortium, and each institution answers for itself."""

import hashlib
import json

import pytest
import sqlalchemy

from fedcare.aggregation.planning import plan_of
from fedcare.db.ids import new_id
from fedcare.tasks.overrides import apply
from fedcare.tasks.protected import protected
from fedcare.tasks.registry import get

RECIPE = {"task": "insurance-cost", "rounds": 3, "settings": {"local.lr": 0.02, "strategy": "fedprox"}, "seed": 7}


@pytest.fixture
def plan(client):
    return client("consortium").post("/api/plans", json=RECIPE).json()


def test_a_plan_says_what_was_asked_and_its_name_is_its_hash(client, plan):
    assert hashlib.sha256(plan["canonical"].encode()).hexdigest() == plan["hash"]
    assert plan["plan"] == json.loads(plan["canonical"])
    assert (plan["rounds"], plan["strategy"], plan["seed"]) == (3, "fedprox", 7)
    assert (plan["plan"]["local"]["lr"], plan["plan"]["local"]["proximal_mu"]) == (0.02, 0.01)
    assert client("admin").get(f"/api/plans/{plan['hash']}").json() == plan


def test_a_plan_proposed_twice_is_one_and_hangs_on_the_board_where_nodes_look(gateway, client, plan):
    again = client("consortium").post("/api/plans", json=RECIPE)
    assert (again.status_code, again.json()) == (201, plan)
    assert len(client("admin").get("/api/plans").json()["items"]) == 1
    board = gateway.config.home / "consortium" / "plans" / f"{plan['hash']}.json"
    assert json.loads(board.read_text())["canonical"] == plan["canonical"]
    assert len(gateway.rows("select 1 from audit_log where action = 'plans.propose'")) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"task": "no-such-task"}, 404, "unknown_task"),
        ({"settings": {"lr": "much"}}, 422, "bad_setting"),
        ({"settings": {"no.such": 1}}, 422, "unknown_setting"),
        ({"settings": {"strategy": "fedmagic"}}, 404, "unknown_strategy"),
        ({"settings": {"strategy": "fedprox", "strategy.options.mu": -1}}, 422, "bad_setting"),
        ({"task": "../../etc/passwd.toml"}, 422, "invalid_request"),
        ({"rounds": 0}, 422, "invalid_request"),
        ({"seed": -1}, 422, "invalid_request"),
        ({"surprise": 1}, 422, "invalid_request"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_plain_words(client, change, status, code):
    answer = client("consortium").post("/api/plans", json=RECIPE | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_three_words_protect_a_plan_as_the_commands_flags_do_and_settings_win(client):
    words = {"private": 2.0, "secure": True, "robust": True, "settings": {"privacy.secure.groups": 3}}
    plan = client("consortium").post("/api/plans", json=RECIPE | words).json()["plan"]
    flags = protected("insurance-cost", 2.0, True, True) | {"privacy.secure.groups": "3", "rounds.rounds": "3"}
    expected = json.loads(plan_of(apply(get("insurance-cost"), flags), RECIPE["seed"]).canonical())
    assert {name: plan[name] for name in ("privacy", "defence")} == {
        name: expected[name] for name in ("privacy", "defence")
    }
    assert client("consortium").post("/api/plans", json=RECIPE | {"private": 0}).status_code == 422


def test_plans_are_listed_page_by_page_the_newest_first(client):
    consortium = client("consortium")
    made = [consortium.post("/api/plans", json=RECIPE | {"seed": seed}).json()["hash"] for seed in range(5)]
    seen, cursor = [], None
    while True:
        page = consortium.get("/api/plans", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["hash"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert consortium.get("/api/plans", params={"task": "cancer-imaging"}).json()["items"] == []


def test_each_institution_decides_for_itself_and_may_change_its_mind(gateway, client, plan):
    place = f"/api/plans/{plan['hash']}"
    first = client("admin", "A").post(f"{place}/approve").json()["decisions"]
    assert [(each["institution"], each["approved"], each["decided_how"]) for each in first] == [
        ("Hospital A", True, "worker")
    ]
    assert client("admin", "B").get(place).json()["decisions"] == []
    client("admin", "B").post(f"{place}/refuse", json={"reason": "not this year"})
    client("admin", "A").post(f"{place}/refuse", json={"reason": "after all"})
    seen = client("consortium").get(place).json()["decisions"]
    assert [(each["institution"], each["approved"], each["reason"]) for each in seen] == [
        ("Hospital A", False, "after all"),
        ("Hospital B", False, "not this year"),
    ]
    audited = gateway.rows(
        "select action from audit_log where tenant = :a and subject_id = :h order by seq",
        a=gateway.institutions["A"],
        h=plan["hash"],
    )
    assert [row["action"] for row in audited] == ["plans.approve", "plans.refuse"]


def test_nobody_but_an_institutions_admin_decides(client, plan):
    for role in ("nurse", "doctor", "consortium"):
        assert client(role).post(f"/api/plans/{plan['hash']}/approve").status_code == 403
    assert client("admin").post(f"/api/plans/{'0' * 64}/approve").status_code == 404


def test_a_standing_rule_is_one_a_task_and_an_institutions_own(gateway, client):
    a, b = client("admin", "A"), client("admin", "B")
    for rounds in (5, 9):
        kept = a.put("/api/plans/rules/insurance-cost", json={"max_rounds_per_day": rounds}).json()
    assert (kept["max_rounds_per_day"], kept["max_epsilon"], kept["is_enabled"]) == (9, None, True)
    assert a.get("/api/plans/rules").json()["items"] == [kept]
    assert b.get("/api/plans/rules").json()["items"] == []
    assert b.delete("/api/plans/rules/insurance-cost").status_code == 404
    assert a.delete("/api/plans/rules/insurance-cost").status_code == 204
    assert a.put("/api/plans/rules/insurance-cost", json={"max_rounds_per_day": 0}).status_code == 422
    never = a.put("/api/plans/rules/Insurance cost", json={"max_rounds_per_day": 1})
    assert never.json()["error"]["details"]["fields"][0]["problem"].startswith("it must be a task's name")
    actions = gateway.rows("select action from audit_log where subject_type = 'standing_rule' order by seq")
    assert [row["action"] for row in actions] == ["rules.set", "rules.set", "rules.remove"]


def test_what_left_an_institution_is_its_own_to_read(gateway, client):
    left = (
        "insert into egress_log (institution_id, id, run, kind, bytes, hash) values (:t, :id, :run, 'update', 9, 'f')"
    )
    with gateway.owner.begin() as connection:
        for number in range(3):
            tenant = gateway.institutions["A"]
            connection.execute(sqlalchemy.text("select set_config('app.institution_id', :t, true)"), {"t": str(tenant)})
            connection.execute(sqlalchemy.text(left), {"t": tenant, "id": new_id(), "run": f"run-{number}"})
    a = client("admin", "A")
    first = a.get("/api/egress", params={"limit": 2}).json()
    rest = a.get("/api/egress", params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["run"] for each in first["items"] + rest["items"]] == ["run-2", "run-1", "run-0"]
    assert len(a.get("/api/egress", params={"run": "run-1"}).json()["items"]) == 1
    assert client("admin", "B").get("/api/egress").json()["items"] == []
    assert client("consortium").get("/api/egress").status_code == 403
    assert a.get("/api/egress", params={"cursor": "bm90IG9uZQ"}).status_code == 422
