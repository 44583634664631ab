"""The audit log: read by administrators, verified, and what somebody has changed is named."""

import pytest
import sqlalchemy
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.mark.parametrize(("role", "whose"), [("admin", "Admin A"), ("consortium", "Consortium Admin")])
def test_an_administrator_reads_the_log_and_verifies_that_it_is_intact(seat, role, whose):
    here = seat(role, **(PHONE if role == "consortium" else {}))
    page = here.open("/audit")
    log = page.get_by_role("table", name="Audit log")
    expect(log).to_contain_text(whose)
    expect(log).to_contain_text("Signed in")
    page.get_by_role("button", name="Verify the log").click()
    expect(page.get_by_role("alert")).to_contain_text("The log is intact")
    here.check(f"audit-{role}")


def test_a_row_that_somebody_has_changed_is_named(seat, site):
    here = seat("admin", "B")
    change = sqlalchemy.text("update audit_log set subject_id = 'x' where tenant = :t and seq = 1")
    with site.gateway.owner.begin() as owner:
        owner.execute(change, {"t": site.gateway.institutions["B"]})
    page = here.open("/audit")
    page.get_by_role("button", name="Verify the log").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Somebody has tampered with the log")
    expect(told).to_contain_text("Row 1:")
    here.check("audit-tampered")


@pytest.mark.parametrize("role", ["nurse", "doctor"])
def test_nobody_else_is_shown_it(seat, role):
    here = seat(role)
    expect(here.page.get_by_role("link", name="Audit log")).to_have_count(0)
    expect(here.open("/audit").get_by_role("heading", name="This page is not for your role")).to_be_visible()
    if role == "nurse":
        here.check("not-for-your-role")
