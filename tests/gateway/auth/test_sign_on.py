"""Single sign-on, against a real provider on this machine."""

import json
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

USERS = [
    {"sub": "1", "email": "nurse@a.example", "email_verified": True},
    {"sub": "2", "email": "NURSE@a.example", "email_verified": True},
    {"sub": "3", "email": "doctor@a.example", "email_verified": False},
    {"sub": "4", "email": "stranger@a.example", "email_verified": True},
]


# Says its port, then serves until it is killed.
PROVIDER = """
import json, os, sys
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
from oidc_provider_mock import User, run_server_in_thread
users = [User(sub=claims.pop("sub"), claims=claims) for claims in json.loads(sys.argv[1])]
with run_server_in_thread(user_claims=users) as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def issuer():
    # A process of its own: its warnings are not ours.
    command = [sys.executable, "-c", PROVIDER, json.dumps(USERS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.fixture
def gateway(make_gateway, populated, issuer):
    return populated(make_gateway(oidc_issuer=issuer, oidc_client_id="fedcare", oidc_client_secret="a secret"))


@pytest.fixture
def browser(gateway):
    return gateway.anonymous(follow_redirects=False)


def sign_in(browser, subject):
    """Follow the browser's way to the provider and back."""
    away = browser.get("/api/auth/oidc/start")
    assert away.status_code == 302
    back = httpx.post(away.headers["location"], data={"sub": subject}, timeout=60)
    assert back.status_code in {302, 303}, back.text
    return browser.get(back.headers["location"])


def test_a_worker_whose_email_the_provider_has_verified_is_signed_in(gateway, browser):
    answer = sign_in(browser, "1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/api/auth/me").json()["email"] == "nurse@a.example"
    written = gateway.rows("select actor, outcome from audit_log where action = 'auth.sign_on'")
    assert written == [{"actor": gateway.workers["nurse", "A"], "outcome": "ok"}]


def test_from_then_on_nobody_else_of_that_email_is(gateway, browser):
    assert sign_in(browser, "1").status_code == 303
    other = gateway.anonymous(follow_redirects=False)
    assert sign_in(other, "2").json()["error"]["code"] == "sign_on_failed"
    assert sign_in(gateway.anonymous(follow_redirects=False), "1").status_code == 303


@pytest.mark.parametrize("subject", ["3", "4"])
def test_an_email_that_is_not_verified_or_has_no_account_gets_nobody_in(gateway, browser, subject):
    answer = sign_in(browser, subject)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_on_failed")
    assert gateway.rows("select outcome from audit_log where action = 'auth.sign_on'") == [{"outcome": "refused"}]
    assert len(gateway.rows("select id from medical_workers")) == 7


def test_the_way_there_is_bound_to_this_browser_and_to_this_attempt(gateway, browser):
    away = browser.get("/api/auth/oidc/start")
    query = parse_qs(urlsplit(away.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    cookie = away.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    back = httpx.post(away.headers["location"], data={"sub": "1"}, timeout=60).headers["location"]
    assert gateway.anonymous().get(back).status_code == 401
    assert browser.get(re.sub(r"state=[^&]+", "state=another", back)).status_code == 401
    assert browser.get(re.sub(r"code=[^&]+", "code=guessed", back)).status_code == 401


def test_without_a_provider_there_is_no_sign_on(make_gateway):
    answer = make_gateway().anonymous().get("/api/auth/oidc/start")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_sign_on")


def test_a_provider_that_is_away_is_an_answer_in_words(make_gateway):
    gateway = make_gateway(oidc_issuer="http://127.0.0.1:9", oidc_client_id="fedcare")
    answer = gateway.anonymous().get("/api/auth/oidc/start")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_on_failed")
