"""Guessing a password gets an email locked, whether or not it has an account."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fedcare.gateway.auth.lockout import FAILURES

PASSWORD = "correct horse battery staple"


def log_in(http, email, password=PASSWORD):
    return http.post("/api/auth/login", json={"email": email, "password": password})


@pytest.mark.parametrize("email", ["nurse@a.example", "nobody@a.example"])
def test_after_some_failures_even_the_right_password_waits(gateway, anonymous, email):
    for _ in range(FAILURES):
        assert log_in(anonymous, email, "a guess").status_code == 401
    answer = log_in(anonymous, email)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "locked_out")
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60 + 1
    assert log_in(anonymous, gateway.email("doctor")).status_code == 200
    outcomes = gateway.rows(
        "select outcome from audit_log where action = 'auth.login' and outcome <> 'ok' order by seq"
    )
    assert [row["outcome"] for row in outcomes] == ["refused"] * FAILURES + ["locked"]


def test_many_guesses_at_once_are_no_more_guesses(gateway, anonymous):
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: log_in(anonymous, gateway.email("nurse"), "a guess").status_code, range(12)))
    assert codes.count(401) == FAILURES


def test_a_success_forgets_the_failures_before_it(gateway, anonymous):
    for _ in range(FAILURES - 1):
        log_in(anonymous, gateway.email("nurse"), "a guess")
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200
    for _ in range(FAILURES - 1):
        assert log_in(anonymous, gateway.email("nurse"), "a guess").status_code == 401
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200


def test_the_lock_opens_by_itself(gateway, anonymous):
    for _ in range(FAILURES):
        log_in(anonymous, gateway.email("nurse"), "a guess")
    with gateway.owner.begin() as connection:
        connection.exec_driver_sql("update login_attempts set created_at = created_at - interval '15 minutes'")
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200


def test_no_email_is_kept_of_an_attempt(gateway, anonymous):
    log_in(anonymous, "nobody@a.example", "a guess")
    kept = gateway.rows("select email_hash::text as hash from login_attempts")
    kept += gateway.rows("select subject_id from audit_log where subject_type = 'email'")
    assert len(kept) == 2
    assert "nobody" not in str(kept)
