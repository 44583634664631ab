"""What the consortium's administrator looks after: hospitals, nodes, the server, and hospitals' first people."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import text

PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(scope="module", autouse=True)
def nodes(site):
    """Lets both hospitals' nodes be heard of, who count as connected for half a minute; B's certificate ends soon."""
    ends = {"Hospital A": timedelta(days=90, hours=1), "Hospital B": timedelta(days=3)}
    seen = [
        {
            "institution": name, "node_id": str(number), "records": {"insurance-cost": 1000 * number},
            "software": "0.1.0", "certificate_expires_at": (datetime.now(UTC) + left).isoformat(),
        }
        for number, (name, left) in enumerate(ends.items(), 1)
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {site.gateway.services.service_token}"}

    def call() -> None:
        told = {"clients": seen}
        httpx.post(f"{site.url}/api/internal/clients", json=told, headers=headers, timeout=60).raise_for_status()

    call()
    return call


def test_a_hospital_is_added_changed_and_removed(seat):
    here = seat("consortium")
    page = here.page
    page.get_by_role("link", name="Consortium").first.click()
    page.get_by_role("button", name="Add a hospital").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Hospital A")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("That did not work")
    dialog.get_by_label("Name").fill("Hospital C")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Hospital C")
    expect(row).to_contain_text("without end")
    page.get_by_role("button", name="Change Hospital C").click()
    dialog.get_by_label("Address").fill("3 High Street")
    dialog.get_by_label("Patients are kept for").fill("3650")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("3 High Street")
    expect(row).to_contain_text("3650 days")
    here.check("consortium-hospitals")
    page.get_by_role("button", name="Remove Hospital C").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    # Whoever goes by keyboard goes on where they were.
    expect(page.get_by_role("row").last.get_by_role("button").first).to_be_focused()


def test_nodes_are_shown_with_their_certificates_and_the_server_with_its_health(seat, nodes):
    here = seat("consortium")
    nodes()
    page = here.open("/consortium?part=nodes")
    expect(page.get_by_role("row").filter(has_text="Hospital B")).to_contain_text("connected")
    for name, records in (("Hospital A", "insurance-cost: 1,000"), ("Hospital B", "insurance-cost: 2,000")):
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(records)
    here.check("consortium-nodes")
    page.get_by_role("tab", name="Health").click()
    expect(page.get_by_text("The database answers.")).to_be_visible()
    expect(page.get_by_text("No model is active yet")).to_be_visible()
    expect(page.get_by_text("No coordinator is at work. Runs wait")).to_be_visible()
    here.check("consortium-health")
    page.get_by_role("link", name="Schedules of runs").click()
    expect(page.get_by_role("heading", name="Schedules", exact=True)).to_be_visible()


def test_that_nobody_works_on_runs_is_said_until_a_worker_is_heard_of(seat, site):
    here = seat("consortium")
    overview = here.open("/")
    expect(overview.get_by_text("No coordinator is at work: runs wait.")).to_be_visible()
    expect(overview.get_by_text("All well")).to_have_count(0)
    with site.gateway.owner.begin() as owner:
        owner.execute(text("insert into procrastinate_workers default values"))
    page = here.open("/")
    expect(page.get_by_text("All well")).to_be_visible()
    expect(here.open("/consortium?part=health").get_by_text("The coordinator is at work")).to_be_visible()
    with site.gateway.owner.begin() as owner:
        owner.execute(text("delete from procrastinate_workers"))


def test_whoever_has_no_hospital_yet_is_told_to_add_one_before_a_run(seat):
    here = seat("consortium")
    page = here.open("/")
    expect(page.get_by_text("Nothing has been trained yet: start the first run.")).to_be_visible()
    page.route("**/api/institutions?*", lambda route: route.fulfill(json={"items": [], "next": None}))
    expect(here.open("/").get_by_text("Nothing has been trained yet: first add the hospitals")).to_be_visible()


def test_a_hospitals_first_administrator_is_invited(seat, site):
    here = seat("consortium")
    page = here.open("/consortium?part=people")
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Bea Berg")
    dialog.get_by_label("Email").fill("bea@b.example")
    for label, option in (("Where they work", "Hospital B"), ("Role", "Hospital administrator")):
        dialog.get_by_role("combobox", name=label).click()
        page.get_by_role("option", name=option).click()
    dialog.get_by_role("button", name="Invite").click()
    expect(page.get_by_label("Address of the invitation")).not_to_have_value("")
    page.get_by_role("button", name="Close").click()
    here.check("consortium-people")
    (made,) = site.gateway.rows("select institution_id, role from medical_workers where email = 'bea@b.example'")
    assert made == {"institution_id": site.gateway.institutions["B"], "role": "admin"}


@pytest.mark.parametrize("role", ["nurse", "admin"])
def test_a_hospitals_people_are_not_shown_it(seat, role):
    here = seat(role)
    expect(here.page.get_by_role("link", name="Consortium")).to_have_count(0)
    page = here.open("/consortium")
    expect(page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
    expect(page.get_by_role("button", name="Add a hospital")).to_have_count(0)


def test_it_works_on_a_phone(seat):
    here = seat("consortium", **PHONE)
    expect(here.open("/consortium").get_by_text("Hospital A").first).to_be_visible()
    here.check("consortium-phone")
