"""The files of the console: which address gives what, with which headers."""

import gzip

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from fedcare.gateway import console
from fedcare.gateway.failures import handle_failures

PAGE, SCRIPT = b"<!doctype html>", b"export const one = 1;"


@pytest.fixture
def built(tmp_path):
    """A folder as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "main-a1b2.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "main-a1b2.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path.parent / "secret.txt").write_text("not part of it")
    return tmp_path


@pytest.fixture
def browser(built, monkeypatch):
    monkeypatch.setattr(console, "BUILT", str(built))
    app = FastAPI(openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    handle_failures(app)
    console.add_console(app)
    return TestClient(app)


@pytest.mark.parametrize("address", ["/", "/patients", "/training/0198-run"])
def test_every_address_of_a_page_is_answered_by_the_page(browser, address):
    answer = browser.get(address)
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"


def test_a_page_may_run_no_script_but_its_own(browser):
    policy = dict(part.split(" ", 1) for part in browser.get("/").headers["content-security-policy"].split("; "))
    assert policy["script-src"] == policy["default-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever_and_sent_packed_to_who_can_unpack(browser):
    packed = browser.get("/assets/main-a1b2.js", headers={"Accept-Encoding": "gzip"})
    plain = browser.get("/assets/main-a1b2.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.content == plain.content == SCRIPT
    assert "immutable" in plain.headers["cache-control"] and plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "address", ["/assets/main-old.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt"]
)
def test_a_file_that_there_is_not_is_not_the_page_and_nothing_outside_is_reached(browser, address):
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/nothing"])
def test_the_apis_addresses_are_never_the_page(browser, address):
    assert browser.get(address).json()["error"]["code"] == "unknown_address"


def test_a_page_is_only_read(browser):
    answer = browser.post("/patients")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_gateway_whose_console_was_not_built_says_how(built, monkeypatch):
    monkeypatch.setattr(console, "BUILT", str(built / "nowhere"))
    app = FastAPI()
    console.add_console(app)
    answer = TestClient(app).get("/")
    assert answer.status_code == 503 and "make console" in answer.text
