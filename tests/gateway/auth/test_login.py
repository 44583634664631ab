"""Signing in with email and password."""

from fedcare.gateway.auth.passwords import Passwords

PASSWORD = "correct horse battery staple"


def log_in(http, email, password=PASSWORD, **more):
    return http.post("/api/auth/login", json={"email": email, "password": password, **more})


def test_email_and_password_give_a_session(gateway, anonymous):
    answer = log_in(anonymous, gateway.email("nurse"))
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    me = anonymous.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["email"] == gateway.email("nurse")
    assert (me["role"], me["institution"]) == ("nurse", "Hospital A")


def test_the_email_is_taken_in_any_case_and_with_spaces_around(gateway, anonymous):
    assert log_in(anonymous, f" {gateway.email('nurse').upper()} ").status_code == 200


def test_an_unknown_email_gets_the_answer_and_the_work_of_a_wrong_password(gateway, anonymous, monkeypatch):
    checked = []
    check = Passwords.check
    monkeypatch.setattr(Passwords, "check", lambda *args: checked.append(args) or check(*args))
    wrong = log_in(anonymous, gateway.email("nurse"), "not the password")
    unknown = log_in(anonymous, "nobody@a.example", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.headers.keys() == unknown.headers.keys()
    assert len(checked) == 2
