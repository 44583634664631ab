"""The keyboard alone: each journey without a mouse, with the focus in sight and where one expects it. That of
predictions is beside their other tests, where models answer."""

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert
from tests.console.keyboard import Keyboard

from fedcare.db.ids import new_id
from fedcare.db.tables import patients


@pytest.fixture(scope="module")
def consortium(site):
    """The consortium's administrator at the API."""
    headers = {"Authorization": f"Bearer {site.gateway.token('consortium', None)}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def people(site) -> None:
    """60 patients of hospital A's, half of whom smoke."""
    rows = [
        {
            "id": new_id(), "institution_id": site.gateway.institutions["A"], "first_name": "Kay",
            "last_name": f"Board{number:02}", "first_folded": "kay", "last_folded": f"board{number:02}",
            "age": 20 + number, "sex": "female", "bmi": 25, "children": 0, "region": "northeast",
            "smoker": "yes" if number % 2 else "no",
        }
        for number in range(60)
    ]  # fmt: skip
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        tx.execute(insert(patients), rows)


def test_a_patient_is_found_and_changed(seat, people):
    page = seat("doctor").open("/patients?limit=25")
    keyboard = Keyboard(page)
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keyboard.press("Enter")
    keyboard.type(page.get_by_label("Search by name"), "board")
    keyboard.to(page.get_by_role("button", name="Filters"))
    keyboard.press("Enter")
    keyboard.choose(page.get_by_role("combobox", name="Smoker"), "no")
    expect(page.get_by_text("1 to 25 of 30")).to_be_visible()
    keyboard.to(page.get_by_role("button", name="Age (years)"))
    keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Age (years)")).to_have_attribute("aria-sort", "ascending")
    keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Age (years)")).to_have_attribute("aria-sort", "descending")
    keyboard.to(page.get_by_role("link", name="Next"))
    keyboard.press("Enter")
    expect(page.get_by_text("26 to 30 of 30")).to_be_visible()
    keyboard.to(page.get_by_role("link", name="Board00, Kay"), back=True)
    keyboard.follow(page.get_by_role("link", name="Board00, Kay"), "Kay Board00")
    keyboard.follow(page.get_by_role("link", name="Edit"), "Edit")
    keyboard.type(page.get_by_label("Age (years)"), "77")
    keyboard.follow(page.get_by_role("button", name="Save"), "Kay Board00")
    expect(page.get_by_role("alert").filter(has_text="The record is saved.")).to_be_visible()
    expect(page.get_by_text("77 years")).to_be_visible()


def test_a_run_is_started_and_its_end_thought_over(seat):
    page = seat("consortium").open("/training")
    keyboard = Keyboard(page)
    keyboard.to(page.get_by_role("button", name="Start a run"))
    keyboard.press("Enter")
    form = page.get_by_role("dialog")
    keyboard.type(form.get_by_label("Rounds"), "2")
    keyboard.to(form.get_by_label("Hide each hospital's update"))
    keyboard.press("Space")
    keyboard.follow(form.get_by_role("button", name="Start", exact=True), "Training of")
    stop = page.get_by_role("button", name="Stop the run")
    keyboard.to(stop)
    keyboard.press("Enter")
    form.wait_for()
    keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(stop).to_be_focused()


def test_a_plan_is_approved_and_the_menus_and_tabs_answer(seat, consortium):
    recipe = {"task": "insurance-cost", "rounds": 3, "seed": 41}
    plan = consortium.post("/api/plans", json=recipe).raise_for_status().json()
    page = seat("admin").open("/plans")
    keyboard = Keyboard(page)
    row = page.get_by_role("row").filter(has_text=plan["hash"][:8])
    keyboard.follow(row.get_by_role("link"), "Plan")
    keyboard.to(page.get_by_role("button", name="Approve"), back=False)
    keyboard.press("Enter")
    keyboard.type(page.get_by_role("dialog").get_by_label("Reason"), "agreed")
    keyboard.press("Enter")
    expect(page.get_by_role("cell", name="agreed")).to_be_visible()
    account = page.get_by_role("button", name="Admin A")
    keyboard.to(account, back=True)
    keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="English")).to_be_focused()
    keyboard.press("ArrowDown", "ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    keyboard.press("Escape")
    expect(account).to_be_focused()
    keyboard.follow(page.get_by_role("navigation").get_by_role("link", name="This hospital"), "Hospital A")
    left = page.get_by_role("tab", selected=True)
    keyboard.to(left)
    keyboard.press("ArrowRight", "Space")
    expect(page.get_by_role("tab", name="Privacy budget")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Privacy budget")).to_be_focused()
