"""The console in a real Chromium, before a real gateway: a server in a thread, and people of every role at it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.console.views import VIEWS, is_at
from tests.gateway.conftest import (
    PASSWORD,
    Gateway,
    email_of,
    populate,
    trained,  # noqa: F401 - a fixture here as well
)

from fedcare.cli.gateway import KEEP_ALIVE_SECONDS
from fedcare.db.database import Database
from fedcare.gateway.app import create_app
from fedcare.gateway.config import GatewayConfig

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "runs" / "screenshots"
# A slow machine is no failure of the page's.
PATIENCE_MS = 30_000
# What axe calls these rules: https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Whom the console has shown around.
TOURED = [{"name": f"fedcare.tour.{role}", "value": "seen"} for role in ("nurse", "doctor", "admin", "consortium")]


@dataclass
class Site:
    """A gateway that listens, and what the tests know of it."""

    gateway: Gateway
    url: str


@pytest.fixture(scope="module")
def site(postgres, template, server_folder) -> Iterator[Site]:
    """A gateway with institutions and workers, shared by a module's journeys: each makes what it needs."""
    name = postgres.create(template)
    home = server_folder / name
    database = Database(postgres.url(name))
    config = GatewayConfig(home=home, argon2_light=True)
    app = create_app(config, database)
    owner = sqlalchemy.create_engine(postgres.url(name))
    gateway = populate(Gateway(app, config, database, owner, SimpleNamespace(portal=None)))
    with _listening(app) as url:
        yield Site(gateway, url)
    owner.dispose()
    postgres.drop(name)
    shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _listening(app) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, ws="none", log_config=None, timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the gateway did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it. It ends with the module: while it is there, its loop runs in the tests' thread,
    and no other test could run one of its own."""
    with sync_playwright() as playwright:
        # The shell draws the same pages without the windows around them, in half the time.
        found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        assert found, "Chromium is missing: `make test` installs it"
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Seat:
    """Somebody's browser window; ``faults`` are what its console said that no test expects."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self._page: Page = context.new_page()
        self.url, self.faults = url, list[str]()
        self._page.on("pageerror", lambda error: self.faults.append(str(error)))
        self._page.on("console", self._hear)

    @property
    def page(self) -> Page:
        """What the window shows: the overview, or the way in, until an address was opened."""
        return self.open("/") if self._page.url == "about:blank" else self._page

    def _hear(self, message) -> None:
        # A refused request is told by the browser itself, whatever the page makes of it.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def open(self, address: str, settled: bool = True) -> Page:
        """Go to an address and wait until the page's heading is there, and all that it asks for.

        What comes moves what is below, so that a click amid it may meet nothing.
        """
        self._page.goto(self.url + address)
        self._page.get_by_role("heading", level=1).wait_for()
        if settled:
            expect(self._page.locator("[aria-busy=true]")).to_have_count(0)
        return self._page

    def sign_in(self, role: str, institution: str | None = "A") -> None:
        """As the form does it, which the tests of the session go through as people do."""
        email = email_of(role, None if role == "consortium" else institution)
        login = {"email": email, "password": PASSWORD, "cookies": True}
        answer = self._page.context.request.post(f"{self.url}/api/auth/login", data=login)
        assert answer.ok, answer.text()

    def check(self, name: str) -> None:
        """The page in both colour schemes: no fault that axe finds, nothing wider than the window, a picture kept."""
        assert name not in VIEWS or is_at(self.page.url, VIEWS[name]), f"{name} looks at {self.page.url}"
        SHOTS.mkdir(parents=True, exist_ok=True)
        # Only contrast depends on the colours.
        for scheme, rules in (("light", RULES), ("dark", ["color-contrast"])):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # What waits for an answer is paler, and so is what comes or goes.
            expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
            self.page.screenshot(path=SHOTS / f"{name}-{scheme}.png", full_page=True, animations="disabled")
            if not self.page.evaluate("'axe' in window"):
                self.page.evaluate(AXE.read_text(encoding="utf-8"))
            found = self.page.evaluate("rules => axe.run({runOnly: rules})", rules)["violations"]
            told = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]
            assert told == [], f"{name}, {scheme}"
            widths = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert widths[0] <= widths[1], f"{name}, {scheme}: wider than the window"
        self.page.emulate_media(color_scheme=None)


@pytest.fixture
def seat(browser, site):
    """``seat()``: a browser window of its own, nobody signed in; ``seat("doctor")``: a doctor of hospital A's.

    Its tour is over, but for ``newcomer=True``.
    """
    opened: list[tuple[BrowserContext, Seat]] = []
    toured = {"origins": [{"origin": site.url, "localStorage": TOURED}]}

    def take(role: str | None = None, institution: str | None = "A", newcomer: bool = False, **options) -> Seat:
        usual = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
        context = browser.new_context(**usual | ({} if newcomer else {"storage_state": toured}) | options)
        seat = Seat(context, site.url)
        opened.append((context, seat))
        if role:
            seat.sign_in(role, institution)
        return seat

    yield take
    faults = [fault for _, each in opened for fault in each.faults]
    for context, _ in opened:
        context.close()
    assert faults == []
