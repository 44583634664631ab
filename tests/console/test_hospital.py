"""What a hospital's administrator answers for: what left, the budget, the rules, the node, the people."""

import re

import httpx
import pytest
import sqlalchemy
from playwright.sync_api import expect

from fedcare.db import privacy
from fedcare.db.ids import new_id
from fedcare.privacy.accounting import Use

PHONE = {"viewport": {"width": 360, "height": 740}}
NODE = {
    "institution": "Hospital A", "node_id": "1", "records": {"insurance-cost": 1338, "cancer-imaging": 410},
    "software": "0.1.0", "certificate_expires_at": "2031-05-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def happened(site):
    """A run that hospital A took part in: what left it, what it cost, and the node that did it."""
    tenant = site.gateway.institutions["A"]
    left = sqlalchemy.text(
        "insert into egress_log (institution_id, id, run, kind, round, bytes, hash, epsilon, approved_by)"
        " values (:t, :id, 'run-1', :kind, :round, :bytes, :hash, :epsilon, :by)"
    )
    sent = [("statistics", None, 2_340, 0.05), ("masked update", 1, 184_000, 0.21), ("evaluation", 1, 900, None)]
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        for number, (kind, round_, size, epsilon) in enumerate(sent):
            own = {"id": new_id(), "kind": kind, "round": round_, "bytes": size, "hash": f"{number}" * 64}
            tx.execute(left, own | {"t": tenant, "epsilon": epsilon, "by": "Admin A"})
        run = privacy.Run("run-1", "f" * 64, "insurance-cost")
        privacy.write(tx, tenant, run, "reserved", (Use(10.0), Use(20.0, steps=4)))
        privacy.write(tx, tenant, run, "begun", (Use(10.0),), "update", 1)
        privacy.write(tx, tenant, privacy.Run("run-2", "e" * 64, "insurance-cost"), "unbounded")
    headers = {"Authorization": f"Bearer {site.gateway.services.service_token}"}
    told = {"clients": [NODE]}
    httpx.post(f"{site.url}/api/internal/clients", json=told, headers=headers, timeout=60).raise_for_status()


def table(page, name):
    return page.get_by_role("table", name=name)


def test_the_admin_finds_what_left_and_what_the_node_does(seat):
    here = seat("admin")
    page = here.page
    page.get_by_role("link", name="This hospital").first.click()
    expect(table(page, "What left this hospital").get_by_role("row")).to_have_count(4)
    expect(table(page, "What left this hospital")).to_contain_text("update, masked")
    expect(table(page, "What left this hospital")).to_contain_text("184 kB")
    expect(table(page, "What left this hospital")).to_contain_text("\u2013")
    here.check("hospital-left")
    page.get_by_role("tab", name="Node").click()
    expect(table(page, "Nodes")).to_contain_text("insurance-cost: 1,338")
    expect(table(page, "Nodes")).to_contain_text("1 May 2031")
    here.check("hospital-node")


def test_the_admin_changes_the_privacy_budget(seat, site):
    here = seat("admin")
    page = here.open("/hospital?part=privacy")
    page.get_by_label("Budget, epsilon").fill("2.5")
    page.get_by_label("Take part only in runs with differential privacy").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The budget counts from now on.")).to_be_visible()
    expect(page.get_by_text("of 2.5")).to_be_visible()
    (kept,) = site.gateway.rows("select epsilon, private_only from privacy_budgets")
    assert (float(kept["epsilon"]), kept["private_only"]) == (2.5, True)
    expect(table(page, "Ledger").get_by_role("row")).to_have_count(4)
    here.check("hospital-privacy")


def test_a_budget_that_cannot_be_is_refused_and_what_was_typed_stays(seat):
    page = seat("admin").open("/hospital?part=privacy")
    page.get_by_label("Delta").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="That did not work")).to_be_visible()
    expect(page.get_by_label("Delta")).to_have_value("0")


def test_the_admin_makes_a_standing_rule_changes_it_and_removes_it(seat):
    here = seat("admin")
    page = here.open("/hospital?part=rules")
    expect(page.get_by_text("There is no rule")).to_be_visible()
    page.get_by_role("button", name="Add a rule").first.click()
    dialog = page.get_by_role("dialog")
    task = dialog.get_by_label("Task")
    task.fill("insurance-costs")
    expect(dialog.get_by_text("This server knows no task of this name")).to_be_visible()
    task.fill("insurance-cost")
    expect(dialog.get_by_text("This server knows no task of this name")).to_have_count(0)
    dialog.get_by_label("Most epsilon of a run").fill("0.5")
    dialog.get_by_role("button", name="Save").click()
    expect(table(page, "Standing rules")).to_contain_text("in force")
    here.check("hospital-rules")
    page.get_by_role("button", name="Change the rule for insurance-cost").click()
    dialog.get_by_label("Most rounds a day").fill("7")
    dialog.get_by_label("in force").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(table(page, "Standing rules").get_by_role("row").nth(1)).to_contain_text("0.57off")
    page.get_by_role("button", name="Remove the rule for insurance-cost").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("There is no rule")).to_be_visible()
    expect(page.get_by_role("heading", name="Standing rules")).to_be_focused()


def test_the_admin_invites_somebody_locks_them_out_and_removes_them(seat):
    here = seat("admin")
    page = here.open("/hospital?part=people")
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Nora New")
    dialog.get_by_label("Email").fill("nora@a.example")
    dialog.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="Doctor").click()
    dialog.get_by_role("button", name="Invite").click()
    expect(page.get_by_label("Address of the invitation")).to_have_value(
        re.compile(f"^{re.escape(here.url)}/welcome#.")
    )
    here.check("hospital-invitation")
    page.get_by_role("button", name="Close").click()
    row = page.get_by_role("row").filter(has_text="Nora New")
    expect(row).to_contain_text("invited")
    page.get_by_role("button", name="Lock out: Nora New").click()
    expect(row).to_contain_text("locked out")
    here.check("hospital-people")
    page.get_by_role("button", name="Let in again: Nora New").click()
    expect(row).to_contain_text("invited")
    page.get_by_role("button", name="Remove Nora New").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


@pytest.mark.parametrize("role", ["nurse", "doctor", "consortium"])
def test_nobody_else_is_shown_it_and_at_its_address_it_is_said_who_may(seat, role):
    here = seat(role)
    expect(here.page.get_by_role("link", name="This hospital")).to_have_count(0)
    page = here.open("/hospital?part=privacy")
    expect(page.get_by_role("heading", name="This page is not for your role")).to_be_visible()
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_it_works_on_a_phone(seat):
    here = seat("admin", **PHONE)
    page = here.page
    page.get_by_role("button", name="Open the menu").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="This hospital").click()
    expect(table(page, "What left this hospital")).to_be_visible()
    here.check("hospital-phone")
