"""Refreshing a session, ending it, and what browsers keep of it."""

import pytest

PASSWORD = "correct horse battery staple"


@pytest.fixture
def session(gateway, anonymous) -> dict:
    """A machine's session as a nurse of A."""
    return anonymous.post("/api/auth/login", json={"email": gateway.email("nurse"), "password": PASSWORD}).json()


@pytest.fixture
def browser(gateway):
    """A browser signed in as a nurse of A, with the header that its pages send."""
    browser = gateway.anonymous()
    body = {"email": gateway.email("nurse"), "password": PASSWORD, "cookies": True}
    answer = browser.post("/api/auth/login", json=body)
    browser.first_answer = answer
    browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return browser


def refresh(http, token):
    return http.post("/api/auth/refresh", json={"refresh_token": token})


def me(http, token):
    return http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


def age_tokens(gateway):
    with gateway.owner.begin() as connection:
        connection.exec_driver_sql("update refresh_tokens set used_at = used_at - interval '11 seconds'")


def test_a_refresh_token_gives_new_tokens_once(gateway, anonymous, session):
    renewed = refresh(anonymous, session["refresh_token"]).json()
    assert me(anonymous, renewed["access_token"]).status_code == 200
    assert renewed["refresh_token"] not in {None, session["refresh_token"]}
    assert refresh(anonymous, renewed["refresh_token"]).status_code == 200


def test_a_second_tab_gets_an_access_token_and_keeps_the_refresh_token_of_the_first(anonymous, session):
    first = refresh(anonymous, session["refresh_token"]).json()
    second = refresh(anonymous, session["refresh_token"]).json()
    assert me(anonymous, second["access_token"]).status_code == 200
    assert second["refresh_token"] is None
    assert refresh(anonymous, first["refresh_token"]).status_code == 200


def test_a_refresh_token_used_again_later_ends_the_session_for_whoever_holds_it(gateway, anonymous, session):
    renewed = refresh(anonymous, session["refresh_token"]).json()
    age_tokens(gateway)
    assert refresh(anonymous, session["refresh_token"]).status_code == 401
    assert me(anonymous, renewed["access_token"]).status_code == 401
    assert refresh(anonymous, renewed["refresh_token"]).status_code == 401
    refused = gateway.rows("select actor, outcome from audit_log where action = 'auth.refresh'")
    assert refused == [{"actor": gateway.workers["nurse", "A"], "outcome": "refused"}]


def test_only_hashes_of_refresh_tokens_are_kept(gateway, session):
    kept = gateway.rows("select token_hash from refresh_tokens")
    assert kept
    assert all(session["refresh_token"].encode() not in bytes(row["token_hash"]) for row in kept)


@pytest.mark.parametrize("token", ["", "nonsense", "0.nonsense", "99999999999999.x", "1.x"])
def test_a_token_that_is_none_of_ours_refreshes_nothing(anonymous, token):
    assert refresh(anonymous, token).status_code in {401, 422}


def test_a_session_ends_at_last_however_often_it_is_refreshed(gateway, anonymous, session):
    with gateway.owner.begin() as connection:
        connection.exec_driver_sql("update sessions set expires_at = now() - interval '1 second'")
    assert refresh(anonymous, session["refresh_token"]).status_code == 401


def test_logging_out_ends_the_session_here_and_in_every_other_gateway(gateway, make_gateway, anonymous, session):
    other = make_gateway(home=gateway.config.home)
    assert me(other.anonymous(), session["access_token"]).status_code == 200
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    assert anonymous.post("/api/auth/logout", headers=bearer).status_code == 204
    assert me(anonymous, session["access_token"]).status_code == 401
    wait_until(lambda: me(other.anonymous(), session["access_token"]).status_code == 401)
    assert refresh(other.anonymous(), session["refresh_token"]).status_code == 401


def test_logging_out_everywhere_ends_each_session_of_ones_own_and_nobody_elses(gateway, client, anonymous, session):
    elsewhere, colleague = client("nurse"), client("doctor")
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    here = anonymous.post("/api/auth/logout", json={"everywhere": False}, headers=bearer)
    assert here.status_code == 204
    assert elsewhere.get("/api/auth/me").status_code == 200
    last = client("nurse")
    assert elsewhere.post("/api/auth/logout", json={"everywhere": True}).status_code == 204
    assert [each.get("/api/auth/me").status_code for each in (elsewhere, last, colleague)] == [401, 401, 200]
    assert refresh(anonymous, session["refresh_token"]).status_code == 401
    written = gateway.rows("select action, subject_id from audit_log where action like 'auth.logout%' order by seq")
    assert [row["action"] for row in written] == ["auth.logout", "auth.logout_everywhere"]
    assert written[1]["subject_id"] == str(gateway.workers["nurse", "A"])


@pytest.mark.parametrize("body", [{"everywhere": 1}, {"where": True}, [True]])
def test_a_body_that_says_something_else_ends_no_session(client, body):
    nurse = client("nurse")
    assert nurse.post("/api/auth/logout", json=body).status_code == 422
    assert nurse.get("/api/auth/me").status_code == 200


def test_a_gateway_that_cannot_hear_of_ended_sessions_asks_the_database(gateway, make_gateway, anonymous, session):
    deaf = make_gateway(home=gateway.config.home)
    deaf.services.authenticator.fresh = lambda: False
    deaf.services.authenticator._hear = lambda payload: None
    assert me(deaf.anonymous(), session["access_token"]).status_code == 200
    anonymous.post("/api/auth/logout", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert me(deaf.anonymous(), session["access_token"]).status_code == 401


def test_a_gateway_that_starts_later_knows_what_ended_before(gateway, make_gateway, anonymous, session):
    anonymous.post("/api/auth/logout", headers={"Authorization": f"Bearer {session['access_token']}"})
    later = make_gateway(home=gateway.config.home)
    assert me(later.anonymous(), session["access_token"]).status_code == 401


def test_a_browser_gets_cookies_that_no_script_reads_and_no_token_in_the_answer(browser):
    answer = browser.first_answer
    assert {"access_token": None, "refresh_token": None}.items() <= answer.json().items()
    cookies = {line.partition("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"fedcare_access", "fedcare_refresh", "fedcare_csrf"}
    for name, line in cookies.items():
        assert "samesite=strict" in line
        assert ("httponly" in line) == (name != "fedcare_csrf")
    assert "path=/api;" in cookies["fedcare_access"]
    assert "path=/api/auth;" in cookies["fedcare_refresh"]


def test_over_tls_cookies_stay_on_tls(gateway):
    browser = gateway.anonymous(base_url="https://testserver")
    body = {"email": gateway.email("nurse"), "password": PASSWORD, "cookies": True}
    answer = browser.post("/api/auth/login", json=body)
    assert all("secure" in line.lower() for line in answer.headers.get_list("set-cookie"))


def test_a_browser_reads_with_its_cookie_alone_and_writes_only_with_the_token_of_its_session(gateway, browser):
    assert browser.get("/api/auth/me").status_code == 200
    ours = browser.headers.pop("X-CSRF-Token")
    another = gateway.anonymous()
    body = {"email": gateway.email("nurse"), "password": PASSWORD, "cookies": True}
    theirs = another.post("/api/auth/login", json=body).json()["csrf_token"]
    for headers in ({}, {"X-CSRF-Token": theirs}, {"X-CSRF-Token": "x"}):
        answer = browser.post("/api/auth/logout", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "bad_csrf_token")
    browser.cookies.set("fedcare_csrf", theirs)  # Planted, as a page of a sibling domain could.
    assert browser.post("/api/auth/logout", headers={"X-CSRF-Token": theirs}).status_code == 403
    browser.cookies.delete("fedcare_csrf")
    browser.cookies.set("fedcare_csrf", ours)
    assert browser.post("/api/auth/logout", headers={"X-CSRF-Token": ours}).status_code == 204


def test_a_browser_refreshes_with_cookies_and_only_with_the_token_of_its_session(browser):
    token = browser.headers.pop("X-CSRF-Token")
    assert browser.post("/api/auth/refresh", json={}).status_code == 403
    renewed = browser.post("/api/auth/refresh", json={}, headers={"X-CSRF-Token": token})
    assert renewed.status_code == 200
    assert renewed.json()["access_token"] is None
    assert browser.get("/api/auth/me").status_code == 200


def test_logging_out_takes_the_cookies_back(browser):
    browser.post("/api/auth/logout")
    assert not browser.cookies
    assert browser.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer not-a-token", "Bearer a.b.c"])
def test_a_header_that_holds_no_token_of_ours_is_refused(anonymous, header):
    answer = anonymous.get("/api/auth/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def wait_until(holds, seconds=60):
    import time

    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
