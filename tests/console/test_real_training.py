"""Training over real nodes, each its own process, as the people at them see it."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.console.conftest import email_of
from tests.federation.processes import NAMES, TASK, Consortium, running
from tests.gateway.conftest import PASSWORD

from fedcare.cli.up_consortium import admit, people

ROUNDS = 12
# Processes come up, and come back, slowly on a busy machine.
RUN_MS = 180_000


@dataclass
class Site:
    """Where the gateway's process listens."""

    consortium: Consortium
    url: str


@pytest.fixture(scope="module")
def site(postgres, template, server_folder) -> Iterator[Site]:
    """The consortium, with a doctor and an administrator at each hospital."""
    with running(postgres, template, server_folder) as consortium:
        login = consortium.home / "login"
        login.write_text(json.dumps({"email": email_of("consortium", None), "password": PASSWORD}))
        people(consortium.database, admit(consortium.database, NAMES), login)
        yield Site(consortium, f"http://127.0.0.1:{consortium.gateway_port}")


def fill_in(form: Locator, rounds: int, *further: str) -> None:
    """A recipe as the consortium types it."""
    form.get_by_label("Task").click()
    form.page.get_by_role("option", name=TASK).click()
    form.get_by_label("Rounds").fill(str(rounds))
    form.get_by_label("Further settings").fill("\n".join(("min_available=3", *further)))


def start(page: Page, rounds: int, *further: str) -> None:
    """A run that the consortium starts; its page is then open."""
    page.get_by_role("button", name="Start a run").click()
    fill_in(page.get_by_role("dialog"), rounds, *further)
    page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name=f"Training of {TASK}")).to_be_visible()


def parts_of(page: Page, name: str, state: str | re.Pattern) -> Locator:
    """The rounds in which a hospital's part was this."""
    return page.get_by_role("group", name="Who took part").get_by_role("row", name=name).get_by_text(state)


def test_a_hospital_approves_a_plan_watches_its_run_and_asks_the_new_model(seat, site):
    site.consortium.rule("North", on=False)
    coordinator, hospital = seat("consortium"), seat("admin", "North")
    theirs, page = coordinator.open("/plans"), hospital.open("/plans")
    theirs.get_by_role("button", name="Propose a plan").click()
    fill_in(theirs.get_by_role("dialog"), ROUNDS)
    theirs.get_by_role("dialog").get_by_role("button", name="Propose").click()
    expect(theirs.get_by_text("0 approved, 0 refused").first).to_be_visible()
    page.reload()
    page.get_by_role("row").filter(has_text="Waits for your decision").get_by_role("link").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Training").click()
    expect(page.get_by_text("Nothing was trained yet")).to_be_visible()
    page.evaluate("window.never = 'loaded again'")
    theirs.get_by_role("button", name="Start a run").click()
    theirs.get_by_role("dialog").get_by_role("button", name="Start a run").click()
    expect(theirs.get_by_role("heading", name=f"Training of {TASK}")).to_be_visible()
    # The list learns of it by itself, and so does the run's page of each round.
    page.get_by_role("table", name="Runs").get_by_role("link", name=TASK).click()
    coordinator.open("/plans")
    coordinator.check("plans-consortium")
    expect(page.get_by_text("Round 1 stands: 3 took part, 0 dropped")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_text(f"{ROUNDS} of {ROUNDS} rounds done")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_text("which answers from now on")).to_be_visible(timeout=RUN_MS)
    for name in NAMES:
        expect(parts_of(page, name, "Took part")).to_have_count(ROUNDS)
    version = page.get_by_text("which answers from now on").inner_text().split()[3].strip(",")
    assert page.evaluate("window.never") == "loaded again"
    hospital.check("real-run")
    page.get_by_role("link", name="What left your hospital for it").click()
    left = page.get_by_role("table", name="What left this hospital").get_by_role("row")
    expect(left.filter(has_text="update of the model")).to_have_count(ROUNDS)
    expect(left.filter(has_text="update of the model").first).to_contain_text("admin@north.example")
    page.get_by_role("navigation").get_by_role("link", name="Models").click()
    expect(page.get_by_text(f"{version} answers.")).to_be_visible()
    page = seat("doctor", "North").open(f"/predict?task={TASK}")
    page.get_by_role("button", name="Fill in a typical record").click()
    expect(page.get_by_text("In 90 of 100 such cases the true value lies between")).to_be_visible()
    expect(page.get_by_text(version).first).to_be_visible()


def test_the_consortium_stops_a_run_and_a_node_that_is_killed_costs_another_run_nothing_but_its_answers(seat, site):
    site.consortium.rule("North")
    page = seat("consortium").open("/training")
    start(page, 400)
    expect(page.get_by_text("Round 1 stands: 3 took part, 0 dropped")).to_be_visible(timeout=RUN_MS)
    page.get_by_role("button", name="Stop the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the run").click()
    expect(page.get_by_role("alert").get_by_text("The run was stopped")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("button", name="Stop the run")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Training").click()
    start(page, ROUNDS, "grace=2", "deadline=30")
    kill_in_training(site.consortium, "South")
    expect(page.get_by_text(f"{ROUNDS} of {ROUNDS} rounds done")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_text("It made version")).to_be_visible(timeout=RUN_MS)
    # Whether the coordinator knows by then that its connection is gone, or only that nothing came.
    expect(parts_of(page, "South", re.compile("^(Away|Late)")).first).to_be_attached()
    expect(page.get_by_text(re.compile(r"Round \d+, South: (not connected, )?no answer within")).first).to_be_visible()
    expect(parts_of(page, "North", "Took part")).to_have_count(ROUNDS)


def kill_in_training(consortium: Consortium, victim: str) -> None:
    """Kill a node once the newest run has a round, and whenever it is back too early to be missed."""
    while (run := consortium.run(ROUNDS)) is None or not consortium.rounds(run.id):
        time.sleep(0.02)
    while all(each.clients_participated == len(NAMES) for each in consortium.rounds(run.id)):
        consortium.kill(victim, run.id)
        time.sleep(0.2)
