"""What fails is said with a way on, on every page; no form loses what was typed; a session that ended comes back."""

import contextlib
import json
import re
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import insert
from tests.gateway.conftest import PASSWORD, email_of

from fedcare.db.audit import Origin
from fedcare.db.ids import new_id
from fedcare.db.tables import patients
from fedcare.gateway.models.importing import import_version

API = re.compile("/api/")
# A cut line, a proxy's page, and the gateway's own refusals: by a status, 0 for no answer at all.
STATUSES = (0, 500, 503, 403, 404, 409, 412, 413, 422, 429)
PLACES = {
    "doctor": ["/", "/patients", "/patients/{patient}", "/patients/{patient}/edit", "/predict", "/history", "/models",
               "/models/{version}"],
    "admin": ["/", "/hospital", "/hospital?part=privacy", "/hospital?part=rules", "/hospital?part=node",
              "/hospital?part=people", "/plans", "/audit"],
    "consortium": [
        "/", "/training", "/training/{run}", "/training/compare?runs=[\"{run}\",\"{run}\"]", "/plans/{plan}",
        "/consortium", "/consortium?part=nodes", "/consortium?part=health",
        "/consortium?part=people",
    ],
}  # fmt: skip


TRY_ALL = "() => document.querySelectorAll('main [role=alert] button').forEach((button) => button.click())"

# What a screen reader goes to by its name, and would find none.
UNNAMED = """
() => [...document.querySelectorAll("table, nav, [role=group], [role=img], figure, [role=tablist], [role=log]")]
  .filter((node) => !node.ariaLabel && !node.getAttribute("aria-labelledby") && !node.querySelector("caption"))
  .map((node) => node.outerHTML.slice(0, 200))
"""


@dataclass
class Failing:
    """Answers requests of a page with a failure, while there is one; those of who is signed in where ``whom``."""

    page: Page
    status: int | None = None
    methods: frozenset[str] = frozenset({"GET", "POST"})
    whom: bool = False

    def __post_init__(self) -> None:
        self.page.route(API, self._answer)

    def end(self) -> None:
        """Let everything through again."""
        self.page.unroute(API, self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        who = request.url.endswith("/api/auth/me") and not self.whom
        if self.status is None or who or request.method not in self.methods:
            route.fallback()
        elif self.status == 0:
            route.abort()
        elif self.status == 503:
            route.fulfill(status=503, content_type="text/html", body="<h1>No server is available</h1>")
        else:
            told = {"error": {"code": "made_up", "message": f"The gateway said {self.status}.", "details": {}}}
            route.fulfill(status=self.status, content_type="application/json", body=json.dumps(told))


@pytest.fixture(scope="module")
def things(site, trained) -> dict[str, str]:
    """One of each that has a page of its own."""
    patient = {
        "id": new_id(), "institution_id": site.gateway.institutions["A"], "first_name": "Fay", "last_name": "Fail",
        "first_folded": "fay", "last_folded": "fail", "age": 40, "sex": "female", "bmi": 25, "children": 0,
        "region": "northeast", "smoker": "no",
    }  # fmt: skip
    with site.gateway.database.transaction(site.gateway.scope("A")) as tx:
        tx.execute(insert(patients).values(**patient))
    headers = {"Authorization": f"Bearer {site.gateway.token('consortium', None)}"}
    recipe = {"task": "insurance-cost", "rounds": 3, "seed": 7}
    run = httpx.post(f"{site.url}/api/training/runs", json=recipe, headers=headers, timeout=60).raise_for_status()
    shelf = site.gateway.services.shelf
    version = import_version(site.gateway.database, shelf.folder, trained("insurance"), True, Origin())
    shelf.reload()
    made = {"patient": patient["id"], "run": run.json()["id"], "plan": run.json()["plan_hash"], "version": version.id}
    return {name: str(value) for name, value in made.items()}


def at(address: str, things: dict[str, str]) -> str:
    """An address of something that is there."""
    return re.sub(r"{(\w+)}", lambda found: things[found[1]], address)


def alerts(page: Page):
    """Failures that can be tried again."""
    return page.get_by_role("alert").filter(has=page.get_by_role("button", name="Try again"))


def hurry(page: Page, failure) -> None:
    """Nobody waits for the pauses between a page's own tries."""
    for _ in range(200):
        if failure.count():
            break
        page.clock.fast_forward(4_000)
        page.wait_for_timeout(30)
    expect(failure.first).to_be_visible()


def try_all(page: Page) -> None:
    """Press whatever tries again, until all is there and nothing is awaited: what was asked for before may fail yet."""
    for _ in range(20):
        page.evaluate(TRY_ALL)
        page.clock.fast_forward(9_000)  # Nor does anybody wait for a try that is still to come.
        with contextlib.suppress(AssertionError):
            expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=3_000)
            expect(alerts(page)).to_have_count(0, timeout=3_000)
            return
    pytest.fail("it still fails")


@pytest.mark.parametrize("role", PLACES)
def test_every_page_says_what_failed_and_tries_again(seat, things, role):
    here = seat(role)
    page = here.open("/")
    page.clock.install()
    failing = Failing(page)
    for number, place in enumerate(PLACES[role]):
        failing.status = (0, 503, 429)[number % 3]
        here.open(at(place, things), settled=False)
        hurry(page, alerts(page))
        failing.status = None
        try_all(page)
        assert page.evaluate(UNNAMED) == []
        for landmark in ("banner", "main"):
            expect(page.get_by_role(landmark)).to_have_count(1)
        expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).not_to_be_empty()


# -- forms ------------------------------------------------------------------------------------------------------------


@dataclass
class Form:
    """A form: who fills it in and where, what opens it, what is typed into which field, what sends it."""

    role: str
    address: str
    opened_by: str | None
    typed: dict[str, str]
    sent_by: str


FORMS = [
    Form("nurse", "/patients/new", None, {"First name": "Ann", "Age (years)": "42", "Region": "south"}, "Add"),
    Form("nurse", "/patients/{patient}/edit", None, {"Last name": "Other", "Body mass index": "31"}, "Save"),
    Form("admin", "/hospital?part=privacy", None, {"Budget, epsilon": "3.5", "Delta": "0.00002"}, "Save"),
    Form("admin", "/hospital?part=rules", "Add a rule", {"Task": "insurance-cost", "Most rounds a day": "9"}, "Save"),
    Form("admin", "/hospital?part=people", "Invite somebody", {"Name": "Ann", "Email": "ann@a.example"}, "Invite"),
    Form("admin", "/plans/{plan}", "Approve", {"Reason": "agreed"}, "Approve"),
    Form("consortium", "/consortium", "Add a hospital", {"Name": "Hospital Z", "Address": "1 Road"}, "Save"),
    Form("consortium", "/training", "Start a run", {"Rounds": "9", "Seed": "77"}, "Start"),
    Form("consortium", "/training", "Add a schedule", {"Rounds": "8", "Most runs": "4"}, "Schedule"),
    Form("consortium", "/plans", "Propose a plan", {"Rounds": "7", "Seed": "5"}, "Propose"),
]


@pytest.mark.parametrize("role", ["nurse", "admin", "consortium"])
def test_a_form_keeps_what_was_typed_whatever_fails(seat, things, role):
    here = seat(role)
    for number, form in enumerate(each for each in FORMS if each.role == role):
        page = here.open(at(form.address, things))
        if form.opened_by:
            page.get_by_role("button", name=form.opened_by).first.click()
        within = page.get_by_role("dialog") if form.opened_by else page.get_by_role("main")
        for label, text in form.typed.items():
            within.get_by_label(label).first.fill(text)
        failing = Failing(page, methods=frozenset({"POST", "PUT"}))
        # The forms of a role go through all of them together.
        for status in STATUSES[number % 3 :: 3]:
            failing.status = status
            within.get_by_role("button", name=form.sent_by, exact=True).click()
            expect(within.get_by_role("alert")).to_contain_text(said(status))
            still_typed(within, form)
        failing.end()
        # Nor does the end of the session lose it: the dialog is open again.
        page.context.clear_cookies()
        within.get_by_role("button", name=form.sent_by, exact=True).click()
        expect(page.get_by_text("Your session has ended")).to_be_visible()
        sign_in(page, role)
        still_typed(within, form)


def still_typed(within, form: Form) -> None:
    for label, text in form.typed.items():
        expect(within.get_by_label(label).first).to_have_value(text)


def said(status: int) -> str:
    """What a page says of such a failure."""
    if status == 0:
        return "The server cannot be reached"
    return "The server did not say why" if status == 503 else f"The gateway said {status}."


# -- the session ------------------------------------------------------------------------------------------------------


def sign_in(page: Page, role: str) -> None:
    page.get_by_label("Email").fill(email_of(role, None if role == "consortium" else "A"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_session_that_ends_amid_a_form_comes_back_to_it(seat, site):
    here = seat("nurse")
    page = here.open("/patients/new")
    page.get_by_label("First name").fill("Ines")
    page.context.clear_cookies()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in(page, "nurse")
    expect(page.get_by_label("First name")).to_have_value("Ines")
    assert page.url == here.url + "/patients/new"
    # A gateway that could not be asked has ended nothing.
    page.context.clear_cookies(name="fedcare_access")
    page.route("**/api/auth/refresh", lambda route: route.fulfill(status=503, body="no"))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("main").get_by_role("alert").last).to_contain_text("That did not work")
    expect(page.get_by_label("First name")).to_have_value("Ines")


def test_a_tab_that_signs_out_or_in_takes_the_others_along(seat):
    here = seat("doctor")
    page = here.open("/patients/new")
    page.get_by_label("First name").fill("Ines")
    other = page.context.new_page()
    other.goto(here.url + "/")
    other.get_by_role("button", name="Doctor A").click()
    other.get_by_role("menuitem", name="Sign out", exact=True).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    sign_in(other, "doctor")
    expect(page.get_by_label("First name")).to_have_value("Ines")
    # All have the cookies of whoever signed in last: nobody goes on in the name of somebody else.
    other.goto(here.url + "/sign-in")
    sign_in(other, "nurse")
    expect(page.get_by_role("heading", name="Welcome, Nurse A")).to_be_visible()


def test_without_a_network_a_page_is_said_to_be_out_of_reach_and_comes_with_it(seat):
    page = seat("doctor").open("/patients")
    page.context.set_offline(True)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Models").click()
    expect(page.get_by_role("alert").first).to_contain_text("The server cannot be reached")
    page.context.set_offline(False)
    alerts(page).first.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    # Nor does a part whose file does not come take the page along.
    page.context.set_offline(True)
    page.get_by_role("button", name="Doctor A").click()
    away = page.get_by_role("banner").get_by_role("alert")
    expect(away).to_contain_text("This part could not be loaded")
    page.context.set_offline(False)
    away.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("menuitem", name="Sign out", exact=True)).to_be_visible()


def test_whoever_comes_while_the_gateway_is_away_is_let_in_once_it_is_back(seat):
    here = seat("doctor")
    failing = Failing(here.open("/sign-in"), whom=True)
    failing.status = 503
    failing.page.clock.install()
    failing.page.goto(here.url + "/history")
    hurry(failing.page, alerts(failing.page))
    failing.status = None
    alerts(failing.page).first.get_by_role("button", name="Try again").click()
    expect(failing.page.get_by_role("heading", name="Past predictions")).to_be_visible()


def test_a_page_that_came_with_a_new_version_is_said_so_and_nothing_typed_is_lost_by_loading_it(seat):
    page = seat("doctor").open("/patients/new")
    menu = page.get_by_role("navigation", name="Main")
    loaded, replaced = [], page.get_by_text("A new version of FedCare is there")
    page.on("request", lambda request: loaded.append(request.url) if request.is_navigation_request() else None)
    gone, newer = re.compile("/assets/models-"), '<script type="module" src="/assets/first-newer.js"></script>'
    page.route(gone, lambda route: route.fulfill(status=404))
    page.route(
        re.compile("^[^?#]*//[^/]+/$"),
        lambda route: (
            route.fallback()
            if route.request.is_navigation_request()
            else route.fulfill(content_type="text/html", body=newer)
        ),
    )
    page.get_by_label("First name").fill("Ines")
    menu.get_by_role("link", name="Models").click()
    expect(page.get_by_text("go back and save it first")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("First name")).to_have_value("Ines")
    assert loaded == []
    # Where nothing is lost it is loaded by itself, once.
    page.get_by_role("button", name="Discard").click()
    menu.get_by_role("link", name="Models").click()
    expect(page.get_by_text("This page comes with it. Nothing that was saved is lost.")).to_be_visible()
    expect(page.get_by_text("go back and save it first")).to_have_count(0)
    page.wait_for_function("sessionStorage.getItem('fedcare.reloaded') === 'yes'")
    expect(replaced).to_be_visible()
    assert len(loaded) == 1
    page.unroute(gone)
    page.get_by_role("button", name="Load the page again").click()
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
