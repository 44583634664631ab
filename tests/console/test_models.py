"""Versions beside each other: seen by everybody, decided on by the consortium."""

import random
import re

import pytest
import sqlalchemy
from playwright.sync_api import expect

from fedcare.db.audit import Origin
from fedcare.db.ids import new_id
from fedcare.gateway.models.importing import import_version

PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(scope="module", autouse=True)
def versions(site, trained):
    """The version that answers, and a newer one that does not."""
    shelf = site.gateway.services.shelf
    made = [
        import_version(site.gateway.database, shelf.folder, trained(name), name == "insurance", Origin())
        for name in ("insurance", "insurance-2")
    ]
    shelf.reload()
    return made


def known_outcomes(site, version: str, spread: float, count: int = 60) -> None:
    """Predictions of hospital A's whose outcomes are known, off by this many dollars or so."""
    chance = random.Random(version)
    insert = sqlalchemy.text(
        "insert into predictions (institution_id, id, worker_id, task, model_version, result, value, outside, outcome) "
        "values (:i, :id, :w, 'insurance-cost', :v, '{}', :value, false, 9000)"
    )
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        for _ in range(count):
            value = 9000 + chance.gauss(0, spread)
            own = {"i": site.gateway.institutions["A"], "id": new_id(), "w": new_id(), "v": version, "value": value}
            tx.execute(insert, own)


@pytest.mark.parametrize("role", ["nurse", "doctor", "admin"])
def test_everybody_sees_what_answers_and_how_another_version_does_beside_it_at_each_hospital(seat, versions, role):
    here = seat(role, **(PHONE if role == "doctor" else {}))
    page = here.open("/models")
    expect(page.get_by_text(f"{versions[0].version} answers.")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    if role != "admin":
        here.check(f"models-{role}")
    page.get_by_role("link", name=versions[1].version, exact=True).click()
    quality = page.get_by_role("region", name="How good it is, and for whom").first
    expect(quality).to_contain_text(f"Beside {versions[0].version}")
    # Every hospital and all together, each figure with its change.
    expect(quality.get_by_role("row")).to_have_count(7)
    expect(quality.get_by_role("row").nth(1)).to_contain_text(re.compile(r"better|worse|the same"))
    expect(page.get_by_role("region", name="Where it comes from")).to_contain_text("Fingerprint")
    expect(page.get_by_role("region", name="Model card")).to_contain_text("Limits")
    for action in ("Activate", "Try on a share"):
        expect(page.get_by_role("button", name=action)).to_have_count(0)
    expect(page.get_by_role("link", name="Download")).to_have_count(1 if role == "admin" else 0)
    if role != "admin":
        here.check(f"model-{role}")


def test_the_consortium_tries_a_version_on_a_share_and_sees_which_did_better(seat, site, versions):
    here = seat("consortium")
    page = here.open(f"/models/{versions[1].id}")
    page.get_by_role("button", name="Try on a share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("slider").press("ArrowRight")
    expect(dialog).to_contain_text("11% of all patients")
    dialog.get_by_role("button", name="Try on a share").click()
    expect(dialog).to_have_count(0)
    admin = seat("admin")
    expect(admin.open("/models").get_by_text("1 is needed for each version")).to_be_visible()
    # Of few outcomes the consortium is told that there are some, and no figure.
    known_outcomes(site, versions[0].version, 3000, count=4)
    page = here.open("/models")
    expect(page.get_by_text("1 hospital is left out. A hospital counts as soon as it has 10 outcomes")).to_be_visible()
    expect(page.get_by_role("table", name="Outcome of the trial")).to_have_count(0)
    known_outcomes(site, versions[0].version, 3000, count=56)
    known_outcomes(site, versions[1].version, 1000)
    page = here.open("/models")
    expect(page.get_by_role("table", name="Outcome of the trial")).to_contain_text("60")
    expect(page.get_by_text(f"{versions[1].version} answers for 11% of the patients.")).to_be_visible()
    # What a hospital's own outcomes say is for that hospital's administrator; the consortium sees no patient's.
    told = admin.open("/models")
    expect(told.get_by_role("table", name="Outcome of the trial")).to_contain_text("60")
    expect(told.get_by_text("new less old")).to_be_visible()
    admin.check("models-trial")
    page.get_by_role("button", name="Stop the trial").click()
    expect(page.get_by_text("of the patients.")).to_have_count(0)


def test_the_consortium_activates_a_version_and_takes_it_back(seat, versions):
    here = seat("consortium")
    expect(here.open("/models").get_by_text(f"{versions[0].version} answers.")).to_be_visible()
    # There is nothing to go back to yet.
    expect(here.page.get_by_role("button", name="Roll back")).to_have_count(0)
    page = here.open(f"/models/{versions[1].id}")
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect(page.get_by_text("This version answers from now on.")).to_be_visible()
    expect(page.get_by_text("answers now", exact=True)).to_be_visible()
    page = here.open("/models")
    expect(page.get_by_text(f"{versions[1].version} answers.")).to_be_visible()
    here.check("models-consortium")
    page.get_by_role("button", name="Roll back").click()
    going = f"{versions[0].version} answers again in place of {versions[1].version}."
    expect(page.get_by_role("dialog")).to_contain_text(going)
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text(f"{versions[0].version} answers.")).to_be_visible()
