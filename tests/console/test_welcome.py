"""Whoever was invited chooses a password and signs in with it; so does the consortium's first administrator."""

import httpx
import sqlalchemy
from playwright.sync_api import expect

from fedcare.gateway.auth.invitations import invite

OWN = "a sentence that is easy to remember"


def choose_password(page) -> None:
    page.get_by_label("New password").fill(OWN)
    page.get_by_label("The same again").fill("something else")
    expect(page.get_by_text("The two are not the same.")).to_be_visible()
    page.get_by_label("The same again").fill(OWN)
    page.get_by_role("button", name="Set the password").click()


def sign_in(page, email: str, name: str) -> None:
    page.get_by_role("heading", name="FedCare", exact=True).wait_for()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(OWN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=f"Welcome, {name}")).to_be_visible()


def test_an_invitations_address_sets_a_password_once(seat, site):
    headers = {"Authorization": f"Bearer {site.gateway.token('admin')}"}
    new = {"email": "nora@a.example", "name": "Nora New", "role": "nurse"}
    token = httpx.post(f"{site.url}/api/workers", json=new, headers=headers, timeout=60).json()["invitation"]
    here = seat(viewport={"width": 360, "height": 740})
    page = here.open(f"/welcome#{token}")
    here.check("welcome-invited")
    choose_password(page)
    expect(page.get_by_text("Your password is set. Sign in with it.")).to_be_visible()
    sign_in(page, new["email"], new["name"])
    again = seat().open(f"/welcome#{token}")
    choose_password(again)
    expect(again.get_by_role("alert")).to_contain_text("ask for a new one")
    expect(again.get_by_label("New password")).to_have_value(OWN)


def test_the_consortiums_first_administrator_says_who_they_are(seat, site):
    with site.gateway.owner.begin() as owner:
        owner.execute(sqlalchemy.text("delete from medical_workers where institution_id is null"))
    with site.gateway.database.transaction(site.gateway.scope(None)) as tx:
        token = invite(tx, None, None)
    here = seat()
    page = here.open("/sign-in")
    page.get_by_role("link", name="Were you invited?").click()
    page.get_by_role("button", name="I am the consortium's first administrator").click()
    here.check("welcome-first")
    page.get_by_label("Token").fill(token)
    page.get_by_label("Your name").fill("Fay First")
    page.get_by_label("Email").fill("fay@consortium.example")
    choose_password(page)
    sign_in(page, "fay@consortium.example", "Fay First")
