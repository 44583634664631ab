"""How passwords are kept, and changing one's own."""

import sqlalchemy

from fedcare.gateway.auth.passwords import Passwords

PASSWORD, NEW = "correct horse battery staple", "another password of mine"


def log_in(http, email, password=PASSWORD, **more):
    return http.post("/api/auth/login", json={"email": email, "password": password, **more})


def change(http, current, new=NEW):
    return http.post("/api/auth/password", json={"current_password": current, "new_password": new})


def test_passwords_are_hashed_as_owasp_asks():
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_weaker_parameters_is_renewed_at_the_next_login(gateway, anonymous):
    weak = Passwords(light=True)
    weak._hash.hashers[0]._hasher = type(weak._hash.hashers[0]._hasher)(1, 32, 1)
    with gateway.owner.begin() as connection:
        connection.execute(
            sqlalchemy.text("update medical_workers set password_hash = :hash where id = :id"),
            {"hash": weak.hash(PASSWORD), "id": gateway.workers["nurse", "A"]},
        )
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200
    (kept,) = gateway.rows("select password_hash from medical_workers where id = :id", id=gateway.workers["nurse", "A"])
    assert "m=64," in kept["password_hash"]
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(gateway, client, anonymous):
    here, there = client("nurse"), client("nurse")
    assert change(here, PASSWORD).status_code == 204
    assert here.get("/api/auth/me").status_code == 200
    assert there.get("/api/auth/me").status_code == 401
    assert log_in(anonymous, gateway.email("nurse")).status_code == 401
    assert log_in(anonymous, gateway.email("nurse"), NEW).status_code == 200


def test_whoever_finds_a_session_open_cannot_guess_the_password_for_ever(client):
    here = client("nurse")
    codes = [change(here, "a guess").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert here.get("/api/auth/me").status_code == 200


def test_one_email_may_have_accounts_at_several_institutions(gateway, anonymous):
    with gateway.owner.begin() as connection:
        connection.execute(
            sqlalchemy.text("update medical_workers set email = :email where id = :id"),
            {"email": gateway.email("nurse"), "id": gateway.workers["doctor", "B"]},
        )
    unclear = log_in(anonymous, gateway.email("nurse"))
    assert (unclear.status_code, unclear.json()["error"]["code"]) == (409, "conflict")
    for name, role in (("A", "nurse"), ("B", "doctor")):
        token = log_in(anonymous, gateway.email("nurse"), institution_id=gateway.institutions[name]).json()
        me = anonymous.get("/api/auth/me", headers={"Authorization": f"Bearer {token['access_token']}"}).json()
        assert (me["role"], me["institution_id"]) == (role, gateway.institutions[name])
    assert log_in(anonymous, gateway.email("nurse"), institution_id=0).status_code == 401
