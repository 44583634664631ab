"""Signing in, staying signed in, and what each role is shown."""

import pytest
from playwright.sync_api import expect
from tests.gateway.conftest import PASSWORD


def test_a_wrong_password_is_said_and_what_was_typed_stays(seat):
    page = seat().open("/")
    page.get_by_label("Email").fill("doctor@a.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Email or password is wrong")
    expect(page.get_by_label("Email")).to_have_value("doctor@a.example")


def test_the_sign_in_page_is_fit_for_everybody(seat):
    here = seat(viewport={"width": 360, "height": 740})
    here.open("/sign-in")
    here.check("sign-in-phone")


@pytest.mark.parametrize("role", ["nurse", "doctor", "admin", "consortium"])
def test_each_role_is_shown_where_to_begin(seat, role):
    here = seat(role)
    here.check(f"overview-{role}")


def test_the_keyboard_alone_signs_in_and_is_shown_around_once(seat):
    here = seat(newcomer=True)
    page = here.open("/")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type("nurse@a.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    tour = page.get_by_role("dialog")
    expect(tour.get_by_role("heading", name="Welcome to FedCare")).to_be_visible()
    expect(tour.get_by_role("button", name="Next")).to_be_focused()
    here.check("tour-nurse")
    page.keyboard.press("Enter")
    expect(tour.get_by_role("heading", name="Patients")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(tour.get_by_role("heading", name="Predict")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Welcome, Nurse A")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Welcome, Nurse A")).to_be_visible()
    expect(tour).to_have_count(0)
    page.get_by_role("button", name="Nurse A").click()
    page.get_by_role("menuitem", name="Show me around").click()
    expect(tour.get_by_role("heading", name="Welcome to FedCare")).to_be_visible()


def test_whoever_signs_out_sees_nothing_any_more(seat):
    here = seat("doctor")
    here.page.get_by_role("button", name="Doctor A").click()
    here.page.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(here.page.get_by_label("Password")).to_be_visible()
    here.page.goto(here.url + "/")
    expect(here.page.get_by_label("Password")).to_be_visible()


def test_an_access_token_that_ran_out_is_renewed_once_for_two_tabs(seat):
    here = seat("doctor")
    context = here.page.context
    renewed = []
    context.on("request", lambda request: renewed.append(request.url) if "/auth/refresh" in request.url else None)
    other = context.new_page()
    context.clear_cookies(name="fedcare_access")
    other.goto(here.url + "/")
    here.page.reload()
    for page in (here.page, other):
        expect(page.get_by_role("heading", name="Welcome, Doctor A")).to_be_visible()
    assert len(renewed) == 1


def test_the_page_speaks_german_and_keeps_it(seat):
    here = seat("nurse")
    here.page.get_by_role("button", name="Nurse A").click()
    here.page.get_by_role("menuitemradio", name="Deutsch").click()
    here.page.reload()
    expect(here.page.get_by_role("heading", name="Willkommen, Nurse A")).to_be_visible()
    assert here.page.evaluate("document.documentElement.lang") == "de"


def test_a_refusal_is_said_in_german_down_to_its_reason(seat):
    here = seat("consortium")
    here.page.evaluate("localStorage.setItem('fedcare.language', 'de')")
    # Of an address whose part there is not, the page shows its first part.
    page = here.open("/consortium?part=nowhere")
    page.get_by_role("button", name="Krankenhaus hinzufügen").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Hospital A")
    dialog.get_by_role("button", name="Speichern").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Ein Haus dieses Namens gibt es schon.")


def test_an_address_that_there_is_not_is_said_with_a_way_on(seat):
    here = seat("nurse")
    here.page.goto(here.url + "/nowhere")
    expect(here.page.get_by_text("There is no such page")).to_be_visible()
    here.check("no-such-page")
    here.page.get_by_role("link", name="Go to the overview").click()
    expect(here.page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_whoever_signs_out_everywhere_is_signed_out_in_every_other_browser(seat):
    here, there = seat("doctor"), seat("doctor")
    here.page.get_by_role("button", name="Doctor A").click()
    here.page.get_by_role("menuitem", name="Sign out everywhere").click()
    expect(here.page.get_by_label("Password")).to_be_visible()
    there.page.reload()
    expect(there.page.get_by_label("Password")).to_be_visible()


# Whoever comes for the first time loads most: the overview, and the tour over it.
@pytest.mark.parametrize(("role", "address", "last"), [(None, "/sign-in", "Sign in"), ("admin", "/", "Next")])
def test_the_first_load_is_light(seat, role, address, last):
    here = seat(role, newcomer=True)
    # An empty cache, as on the first visit.
    here.page.context.new_cdp_session(here.page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes = []
    here.page.on("response", lambda got: sizes.append(got) if got.request.resource_type == "script" else None)
    here.page.goto(here.url + address)
    here.page.get_by_role("button", name=last).wait_for()
    here.page.wait_for_load_state("networkidle")
    packed = {each.url: int(each.headers["content-length"]) for each in sizes}
    assert all(each.headers.get("content-encoding") == "gzip" for each in sizes)
    assert 100_000 < sum(packed.values()) < 196_000, packed
