"""Runs watched live, started, stopped, scheduled and compared; plans read in plain words, approved and refused."""

import re
from collections.abc import Callable

import httpx
import pytest
import sqlalchemy
from playwright.sync_api import Page, expect
from tests.console.wire import Wire

from fedcare.db import privacy
from fedcare.privacy.accounting import Use

A, B = "Hospital A", "Hospital B"
LATE = "no answer within 60 s"
CHARTS = re.compile("/assets/Lines-")
PRIVATE = {"privacy.dp.enabled": True, "privacy.dp.epsilon": 0.5}
PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def consortium(site) -> httpx.Client:
    """The consortium's administrator at the API, who makes what a journey needs."""
    headers = {"Authorization": f"Bearer {site.gateway.token('consortium', None)}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def tell(site) -> Callable:
    """``tell(what, run, ...)``: reports something of a run, as the coordinator's processes do."""
    headers = {"Authorization": f"Bearer {site.gateway.services.service_token}"}
    client = httpx.Client(base_url=site.url, headers=headers, timeout=60)

    def send(what: str, run: str, /, **said) -> None:
        client.post(f"/api/internal/{what}", json={"run_id": run} | said).raise_for_status()

    yield send
    client.close()


@pytest.fixture(scope="module")
def start(consortium) -> Callable[..., str]:
    """``start(seed)``: asks for a run of a plan of its own; its id."""

    def ask(seed: int, **more) -> str:
        recipe = {"task": "insurance-cost", "rounds": 4, "seed": seed} | more
        return consortium.post("/api/training/runs", json=recipe).raise_for_status().json()["id"]

    return ask


@pytest.fixture
def wire(site):
    """What a browser reaches the gateway by, and a test may cut."""
    made = Wire(int(site.url.rpartition(":")[2]))
    yield made
    made.close()


def ask_to_train(tell, run: str, number: int) -> None:
    text = f"round {number}: {A}, {B} train"
    tell("event", run, kind="note", data={"about": "round", "round": number, "institutions": [A, B], "text": text})


def finish_round(tell, run: str, number: int, missing: str | None = None) -> None:
    """A round as the reporter tells it; Hospital B's answer may be missing."""
    r2 = 0.5 + number / 20
    if missing:
        said = {"about": "dropped", "round": number, "institution": B, "reason": missing, "text": f"{B}: {missing}"}
        tell("event", run, kind="note", data=said)
    tell(
        "round",
        run,
        round=number,
        status="completed",
        aggregation_method="fedavg",
        participants={A: 80} if missing else {A: 80, B: 60},
        dropped={B: missing} if missing else {},
        metrics={"r2": r2, "loss": 1 - r2, "mae": 5000 - 300 * number},
        train_loss=0.9 - r2,
        seconds=1.5 + number / 10,
        bytes_sent=107_540,
        bytes_received=53_770 if missing else 107_540,
        late_answers=0,
    )
    own = {A: {"examples": 80, "metrics": {"r2": r2 + 0.02, "loss": 1 - r2}, "seconds": 0.8}}
    own[B] = {"examples": 0, "dropped": missing} if missing else {"examples": 60, "metrics": {"r2": r2 - 0.03}}
    for figures in own.values():
        figures["epsilon"] = 0.11 * number
    tell("metrics", run, round=number, institutions=own)


def finish(tell, run: str, rounds: int = 4) -> None:
    tell("run", run, status="in_progress")
    for number in range(1, rounds + 1):
        ask_to_train(tell, run, number)
        finish_round(tell, run, number)
    decision = {"activate": True, "reasons": ["r2 rose from 0.62 to 0.70"]}
    tell("run", run, status="completed", version="insurance-cost-3f2a9c81d04e", decision=decision)


def reserve(site, run: str) -> None:
    """Hospital A's node reserves in its own ledger what the run will cost."""
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        of = privacy.Run(run, "f" * 64, "insurance-cost")
        privacy.write(tx, site.gateway.institutions["A"], of, "reserved", (Use(20.0, steps=4),))


def part(page: Page, name: str):
    return page.get_by_role("region", name=name, exact=True).first


def test_a_run_that_every_hospital_refuses_says_who_and_why(seat, start, tell):
    run, why = start(71), "refused: The privacy budget does not allow it: epsilon would be 4 of 1 at delta 1e-05."
    for name in (A, B):
        said = {"about": "dropped", "round": 0, "institution": name, "reason": why, "text": f"{name}: {why}"}
        tell("event", run, kind="note", data=said)
    reason = f"Round 0: 0 usable answers where the plan asks for 2. {A}: {why}; {B}: {why}"
    tell("run", run, status="failed", reason=reason)
    here = seat("consortium")
    page = here.open(f"/training/{run}")
    asked = part(page, "Who took part")
    expect(asked.get_by_role("cell").filter(has_text="Refused")).to_have_count(2)
    expect(asked.get_by_text(f"Before the first round, {A}, {B}: {why}")).to_be_visible()
    told = page.get_by_role("alert").filter(has_text="The run failed")
    expect(told).to_contain_text("It did not come to the first round: 0 hospitals could take part where the plan asks")
    expect(told.get_by_role("listitem")).to_have_text([f"{A}, {B}: {why}"])
    here.check("run-refused")


def test_a_run_says_which_round_became_its_version_beside_its_last(seat, site, start, tell):
    run = start(72)
    finish(tell, run)
    kept = (
        "insert into model_versions (version, task, model_path, hash, trained_at, training_round)"
        " values ('insurance-cost-3f2a9c81d04e', 'insurance-cost', 'x', 'x', now(), 2)"
    )
    with site.gateway.owner.begin() as owner:
        owner.execute(sqlalchemy.text(kept))
    page = seat("doctor").open(f"/training/{run}")
    last = page.get_by_role("region", name="Round 4, the last that stands")
    expect(last.get_by_role("definition").filter(has_text="0.7")).to_have_count(1)
    best = page.get_by_role("region", name="Round 2, the best: version insurance-cost-3f2a9c81d04e is this one")
    expect(best.get_by_role("definition").filter(has_text="0.6")).to_have_count(1)
    with site.gateway.owner.begin() as owner:
        owner.execute(sqlalchemy.text("delete from model_versions where version = 'insurance-cost-3f2a9c81d04e'"))


@pytest.mark.parametrize("role", ["nurse", "doctor", "admin", "consortium"])
def test_a_run_is_watched_round_by_round_by_everybody(seat, site, start, tell, role):
    run = start(["nurse", "doctor", "admin", "consortium"].index(role), settings=PRIVATE)
    here = seat(role)
    page = here.open(f"/training/{run}")
    expect(page.get_by_role("status").get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Waiting for the first of 4 rounds")).to_be_visible()
    expect(page.get_by_text("Nobody works on runs: no coordinator is at work")).to_be_visible()
    page.route(CHARTS, lambda route: route.abort())
    tell("run", run, status="in_progress")
    ask_to_train(tell, run, 1)
    expect(page.get_by_text("Round 1 of 4", exact=True)).to_be_visible()
    expect(part(page, "Who took part").get_by_text("Trains now").first).to_be_visible()
    finish_round(tell, run, 1)
    expect(page.get_by_text("Round 1 stands: 2 took part, 0 dropped")).to_be_visible()
    budget = part(page, "Your hospital's privacy budget")
    if role == "admin":
        expect(budget).to_contain_text("0 of 1 spent, 1 left")
        reserve(site, run)
    ask_to_train(tell, run, 2)
    finish_round(tell, run, 2, missing=LATE)
    expect(page.get_by_text(f"Round 2, {B}: {LATE}", exact=True)).to_be_visible()
    if role == "admin":
        expect(budget).to_contain_text(re.compile(r"0\.\d+ of 1 spent, 0\.\d+ left"))
    expect(page.get_by_role("definition").filter(has_text="0.6").first).to_be_visible()
    # One's own hospital's figures, or for the consortium everybody's.
    figure = page.get_by_role("figure", name="R²")
    expect(figure.get_by_role("alert")).to_contain_text("This part could not be loaded")
    page.unroute(CHARTS)
    figure.get_by_role("button", name="Try again").click()
    expect(figure.get_by_text(A)).to_be_visible()
    expect(figure.get_by_text(B)).to_have_count(1 if role == "consortium" else 0)
    figure.get_by_role("button", name="As a table").click()
    expect(figure.get_by_role("cell", name="0.55")).to_be_visible()
    figure.get_by_role("button", name="As a chart").click()
    cost = part(page, "What the run costs patients in privacy")
    expect(cost).to_contain_text("Only its own administrators read it")
    told = cost.get_by_role("row").filter(has_text="2 of 4").filter(has_text="0.5")
    spent = told.filter(has_text="0.22").filter(has_text="0.28")
    expect(told).to_have_count(2 if role in ("admin", "consortium") else 0)
    expect(spent.filter(has_text=A)).to_have_count(1 if role in ("admin", "consortium") else 0)
    expect(spent.filter(has_text=B)).to_have_count(1 if role == "consortium" else 0)
    expect(budget).to_have_count(1 if role == "admin" else 0)
    expect(page.get_by_role("button", name="Stop the run")).to_have_count(1 if role == "consortium" else 0)
    here.check(f"run-{role}")
    for number in (3, 4):
        ask_to_train(tell, run, number)
        finish_round(tell, run, number)
    judging = page.get_by_text("All rounds are done: the best one's model is judged once more")
    expect(judging).to_be_visible()
    decision = {"activate": True, "reasons": ["r2 rose from 0.62 to 0.70"]}
    tell("run", run, status="completed", version="insurance-cost-3f2a9c81d04e", decision=decision)
    expect(page.get_by_text("which answers from now on")).to_be_visible()
    expect(judging).to_have_count(0)
    expect(page.get_by_text("r2 rose from 0.62 to 0.70")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Ended")).to_be_visible()


def test_a_stream_that_breaks_is_said_and_the_gap_is_filled(seat, start, tell, wire):
    run = start(10)
    tell("run", run, status="in_progress")
    ask_to_train(tell, run, 1)
    page = seat("nurse").page
    page.goto(f"{wire.url}/training/{run}")
    expect(page.get_by_role("status").get_by_text("Live", exact=True)).to_be_visible()
    wire.cut()
    expect(page.get_by_text("Connection lost, trying again")).to_be_visible()
    for number in (1, 2):
        finish_round(tell, run, number)
        ask_to_train(tell, run, number + 1)
    wire.mend()
    expect(page.get_by_role("status").get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text("Round 3 of 4", exact=True)).to_be_visible()
    for number in (1, 2):
        expect(page.get_by_text(f"Round {number} stands: 2 took part, 0 dropped")).to_have_count(1)


def test_a_run_on_a_phone(seat, start, tell):
    run = start(11)
    tell("run", run, status="in_progress")
    for number, missing in ((1, None), (2, LATE), (3, "refused: the plan is not approved")):
        ask_to_train(tell, run, number)
        finish_round(tell, run, number, missing)
    here = seat("nurse", **PHONE)
    page = here.open(f"/training/{run}")
    expect(page.get_by_text("3 took part")).to_have_count(0)
    expect(page.get_by_text("Refused", exact=True).first).to_be_visible()
    here.check("run-phone")


def test_a_run_that_failed_says_why(seat, start, tell):
    run = start(12)
    tell("run", run, status="failed", reason="Round 1: 1 usable answer where 2 are needed.")
    page = seat("doctor").open(f"/training/{run}")
    expect(page.get_by_role("alert").get_by_text("Round 1: 1 usable answer where 2 are needed.")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Ended")).to_be_visible()


def test_a_run_that_there_is_not_is_said(seat):
    page = seat("nurse").open("/training/019a2015-77aa-7ba6-8988-8bec93ae7cae")
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_consortium_starts_a_run_and_stops_it(seat):
    here = seat("consortium")
    page = here.open("/training")
    page.get_by_role("button", name="Start a run").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Rounds").fill("3")
    form.get_by_label("Hide each hospital's update").check()
    form.get_by_label("Stand up to a hospital that errs or lies").check()
    form.get_by_label("Further settings").fill("what is this")
    form.get_by_role("button", name="Start").click()
    expect(form.get_by_text("is not of the form key=value")).to_be_visible()
    form.get_by_label("Further settings").fill("local.lr=much")
    form.get_by_role("button", name="Start").click()
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Rounds")).to_have_value("3")
    here.check("run-start")
    form.get_by_label("Further settings").fill("local.lr=0.004")
    form.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Training of")).to_be_visible()
    page.get_by_role("button", name="Stop the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the run").click()
    expect(page.get_by_text("It was stopped before it began.").first).to_be_visible()
    expect(page.get_by_role("button", name="Stop the run")).to_have_count(0)


def test_the_consortium_schedules_runs(seat):
    here = seat("consortium")
    page = here.open("/training")
    page.get_by_role("button", name="Add a schedule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("When").click()
    page.get_by_role("option", name="After so many new records").click()
    form.get_by_label("New records").fill("200")
    form.get_by_label("Most runs").fill("5")
    form.get_by_role("button", name="Schedule").click()
    row = page.get_by_role("row").filter(has_text="After 200 new records")
    expect(row.get_by_role("cell", name="5", exact=True)).to_be_visible()
    row.get_by_role("switch").click()
    expect(row.get_by_role("switch")).not_to_be_checked()
    row.get_by_role("button", name="Edit").click()
    form.get_by_label("When").click()
    page.get_by_role("option", name="Every Sunday").click()
    form.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Every Sunday at 3:00 UTC")
    expect(row).to_be_visible()
    expect(form).to_have_count(0)
    here.check("training-consortium")
    row.get_by_role("button", name="Delete").click()
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No schedule", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Schedules")).to_be_focused()


@pytest.mark.parametrize("role", ["nurse", "doctor", "admin"])
def test_who_may_not_start_runs_sees_them_and_no_way_to(seat, start, role):
    start(20)
    here = seat(role)
    page = here.open("/training")
    expect(page.get_by_role("table", name="Runs")).to_be_visible()
    expect(page.get_by_role("button", name="Start a run")).to_have_count(0)
    expect(page.get_by_role("heading", name="Schedules")).to_have_count(0)
    expect(page.get_by_role("navigation").get_by_role("link", name="Plans")).to_have_count(1 if role == "admin" else 0)
    if role == "nurse":
        here.check("training-nurse")


def test_filters_of_runs_are_in_the_address(seat, start, tell):
    start(22)
    tell("run", start(21), status="failed", reason="No hospital came.")
    page = seat("doctor").open("/training?status=failed")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows.filter(has_text="Failed").first).to_be_visible()
    expect(rows.filter(has_text="Queued")).to_have_count(0)
    page.get_by_label("State").click()
    page.get_by_role("option", name="Every state").click()
    expect(rows.filter(has_text="Queued").first).to_be_visible()


@pytest.mark.parametrize("role", ["doctor", "consortium"])
def test_runs_are_compared(seat, start, tell, role):
    runs = [start(30), start(31, settings={"local.epochs": 2})]
    for run in runs:
        finish(tell, run)
    here = seat(role)
    page = here.open("/training")
    for run in runs:
        page.get_by_role("checkbox", name=run[-8:]).check()
    page.get_by_role("link", name="Compare 2 runs").click()
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    facts = page.get_by_role("table", name="In numbers")
    expect(facts.get_by_role("row").filter(has_text=runs[1][-8:])).to_contain_text("0.7")
    differs = page.get_by_role("row").filter(has_text="Passes over a hospital's rows")
    expect(differs).to_have_count(1 if role == "consortium" else 0)
    if role == "consortium":
        expect(page.get_by_role("figure", name="Loss").locator("svg").first).to_be_visible()
        here.check("runs-compared")


def test_a_hospital_reads_a_plan_in_plain_words_and_approves_it(seat, consortium, site):
    protect = PRIVATE | {"privacy.secure.enabled": True}
    old, new = (
        consortium.post("/api/plans", json={"task": "breast-cancer", "rounds": 4, "seed": 5, "settings": each}).json()
        for each in ({}, protect)
    )
    admin = {"Authorization": f"Bearer {site.gateway.token('admin')}"}
    httpx.post(f"{site.url}/api/plans/{old['hash']}/approve", headers=admin, timeout=60).raise_for_status()
    here = seat("admin")
    page = here.open("/plans")
    row = page.get_by_role("row").filter(has_text=new["hash"][:8])
    expect(row).to_contain_text("Waits for your decision")
    row.get_by_role("link").click()
    expect(page.get_by_text("the whole run costs each patient at most epsilon 0.5")).to_be_visible()
    expect(page.get_by_text("No record, no name, no image")).to_be_visible()
    changed = page.get_by_role("row").filter(has_text="Secure aggregation").first
    expect(changed.get_by_role("cell")).to_have_text(["Secure aggregation", "no", "yes"])
    expect(page.get_by_text("The budget allows")).to_be_visible()
    here.check("plan-admin")
    page.get_by_role("button", name="Approve").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Reason").fill("agreed by the data committee")
    form.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("cell", name="agreed by the data committee")).to_be_visible()
    page.get_by_role("button", name="Refuse").click()
    form.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Nothing leaves your hospital for this plan.")).to_be_visible()
    decided = consortium.get(f"/api/plans/{new['hash']}").json()["decisions"]
    assert [each["approved"] for each in decided] == [False]
    here.open("/plans")
    expect(row).to_contain_text("Refused")
    here.check("plans-admin")
