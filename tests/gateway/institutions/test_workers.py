"""Who may keep whose accounts, and how a new worker gets in."""

from uuid import uuid4

import pytest

NEW = {"email": "new@a.example", "name": "New Nurse", "role": "nurse"}
PASSWORD = "a password of my own"


def accept(http, token, password=PASSWORD, **more):
    return http.post("/api/auth/invitation", json={"token": token, "password": password, **more})


def log_in(http, email, password=PASSWORD):
    return http.post("/api/auth/login", json={"email": email, "password": password})


def test_a_new_worker_accepts_the_invitation_once_and_signs_in(gateway, client, anonymous):
    made = client("admin").post("/api/workers", json=NEW)
    assert made.status_code == 201
    assert not made.json()["worker"]["has_password"]
    token = made.json()["invitation"]
    assert log_in(anonymous, NEW["email"]).status_code == 401
    assert accept(anonymous, token, "short").status_code == 422
    assert accept(anonymous, token).status_code == 204
    assert accept(anonymous, token, "another password").status_code == 401
    assert log_in(anonymous, NEW["email"]).status_code == 200
    worker_id = made.json()["worker"]["id"]
    kept = gateway.rows("select action, outcome from audit_log where subject_id = :id order by seq", id=worker_id)
    written = [(row["action"], row["outcome"]) for row in kept]
    assert written == [("workers.create", "ok"), ("auth.login", "refused"), ("auth.accept_invitation", "ok")]


def test_an_invitation_expires(gateway, client, anonymous):
    token = client("admin").post("/api/workers", json=NEW).json()["invitation"]
    with gateway.owner.begin() as connection:
        connection.exec_driver_sql("update invitations set expires_at = now() - interval '1 second'")
    assert accept(anonymous, token).status_code == 401


def test_a_new_invitation_replaces_the_old_one_and_a_forgotten_password(gateway, client, anonymous):
    admin, nurse = client("admin"), gateway.workers["nurse", "A"]
    first = admin.post(f"/api/workers/{nurse}/invitation").json()["invitation"]
    second = admin.post(f"/api/workers/{nurse}/invitation").json()["invitation"]
    session = client("nurse")
    assert accept(anonymous, first).status_code == 401
    assert accept(anonymous, second).status_code == 204
    assert session.get("/api/auth/me").status_code == 401
    assert log_in(anonymous, gateway.email("nurse")).status_code == 200


def test_an_email_is_taken_once_in_an_institution_and_free_in_another(client):
    assert client("admin").post("/api/workers", json=NEW).status_code == 201
    again = client("admin").post("/api/workers", json=NEW | {"email": " NEW@a.example"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert client("admin", "B").post("/api/workers", json=NEW).status_code == 201


def test_an_admin_sees_and_changes_the_workers_of_the_own_institution_alone(gateway, client):
    admin, theirs = client("admin"), gateway.workers["nurse", "B"]
    emails = {worker["email"] for worker in admin.get("/api/workers").json()["items"]}
    assert emails == {gateway.email(role) for role in ("nurse", "doctor", "admin")}
    change = {"name": "Mine", "role": "nurse"}
    assert admin.put(f"/api/workers/{theirs}", json=change).status_code == 404
    assert admin.delete(f"/api/workers/{theirs}").status_code == 404
    assert admin.post(f"/api/workers/{theirs}/invitation").status_code == 404
    there = {"institution_id": gateway.institutions["B"]}
    assert admin.get("/api/workers", params=there).status_code == 403
    assert admin.put(f"/api/workers/{theirs}", params=there, json=change).status_code == 403
    assert admin.post("/api/workers", json=NEW | there).status_code == 403


def test_the_consortium_keeps_institutions_admins_and_no_clinicians(gateway, client):
    consortium = client("consortium")
    there = {"institution_id": gateway.institutions["A"]}
    listed = consortium.get("/api/workers", params=there).json()["items"]
    assert [worker["email"] for worker in listed] == [gateway.email("admin")]
    assert consortium.post("/api/workers", json=NEW | there).status_code == 403
    nurse = gateway.workers["nurse", "A"]
    assert consortium.delete(f"/api/workers/{nurse}", params=there).status_code == 404
    made = consortium.post("/api/workers", json=NEW | there | {"role": "admin"})
    assert made.status_code == 201
    written = gateway.rows("select actor, tenant from audit_log where action = 'workers.create' and outcome = 'ok'")
    assert written == [{"actor": gateway.workers["consortium", None], "tenant": there["institution_id"]}]


def test_the_consortium_adds_its_own_admins_and_nobody_else_without_an_institution(client):
    consortium = client("consortium")
    assert consortium.post("/api/workers", json=NEW | {"role": "admin"}).status_code == 201
    refused = consortium.post("/api/workers", json=NEW)
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "role"
    assert len(consortium.get("/api/workers").json()["items"]) == 2


def test_an_unknown_institution_or_worker_is_not_found(client):
    consortium = client("consortium")
    assert consortium.get("/api/workers", params={"institution_id": 999}).status_code == 404
    assert consortium.post("/api/workers", json=NEW | {"role": "admin", "institution_id": 999}).status_code == 404
    assert client("admin").delete(f"/api/workers/{uuid4()}").status_code == 404


@pytest.mark.parametrize("change", [{"role": "doctor"}, {"is_active": False}])
def test_a_change_of_rights_ends_the_sessions_at_once(gateway, client, anonymous, change):
    admin, nurse, nurse_id = client("admin"), client("nurse"), gateway.workers["nurse", "A"]
    assert admin.put(f"/api/workers/{nurse_id}", json={"name": "Nurse", "role": "nurse"}).status_code == 200
    assert nurse.get("/api/auth/me").status_code == 200
    assert admin.put(f"/api/workers/{nurse_id}", json={"name": "Nurse", "role": "nurse"} | change).status_code == 200
    assert nurse.get("/api/auth/me").status_code == 401
    again = log_in(anonymous, gateway.email("nurse"), "correct horse battery staple")
    assert again.status_code == (200 if "role" in change else 401)


def test_a_removed_worker_is_signed_out_and_stays_in_the_log(gateway, client):
    admin, doctor, doctor_id = client("admin"), client("doctor"), gateway.workers["doctor", "A"]
    assert admin.delete(f"/api/workers/{doctor_id}").status_code == 204
    assert doctor.get("/api/auth/me").status_code == 401
    assert gateway.rows("select 1 from audit_log where actor = :id", id=doctor_id)


def test_nobody_takes_away_the_own_rights(gateway, client):
    admin, me = client("admin"), gateway.workers["admin", "A"]
    assert admin.delete(f"/api/workers/{me}").status_code == 409
    assert admin.put(f"/api/workers/{me}", json={"name": "A", "role": "nurse"}).status_code == 409
    assert admin.put(f"/api/workers/{me}", json={"name": "Another name", "role": "admin"}).status_code == 200


def test_workers_come_in_pages(client):
    admin = client("admin")
    first = admin.get("/api/workers", params={"limit": 2}).json()
    second = admin.get("/api/workers", params={"limit": 2, "cursor": first["next"]}).json()
    assert len(first["items"] + second["items"]) == 3
    assert second["next"] is None
    assert admin.get("/api/workers", params={"cursor": "WzFd"}).status_code == 422


def test_a_worker_that_is_sent_again_with_its_key_is_added_once_and_invited_anew(gateway, client, anonymous):
    admin, once = client("admin"), {"Idempotency-Key": "once"}
    first, again = (admin.post("/api/workers", json=NEW, headers=once).json() for _ in range(2))
    assert again["worker"] == first["worker"] and again["invitation"] != first["invitation"]
    assert accept(anonymous, first["invitation"]).status_code == 401
    assert accept(anonymous, again["invitation"]).status_code == 204
    written = gateway.rows("select action from audit_log where action like 'workers.%' order by seq")
    assert [row["action"] for row in written] == ["workers.create", "workers.invite"]
    (row,) = gateway.rows("select * from idempotency_keys")
    assert not any(made["invitation"] in str(row) for made in (first, again))
    other = admin.post("/api/workers", json=NEW | {"email": "other@a.example"}, headers=once)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


def test_the_consortium_repeats_a_request_about_an_institution_or_itself(gateway, client):
    consortium = client("consortium")
    there = {"role": "admin", "institution_id": gateway.institutions["A"]}
    for key, more in (("a", there), ("b", {"role": "admin"})):
        made = [consortium.post("/api/workers", json=NEW | more, headers={"Idempotency-Key": key}) for _ in range(2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].json()["worker"] == made[1].json()["worker"]
    unknown = consortium.post(
        "/api/workers", json=NEW | there | {"institution_id": 999}, headers={"Idempotency-Key": "c"}
    )
    assert unknown.status_code == 404


def test_a_worker_that_was_refused_or_removed_is_not_added_by_a_repetition(client):
    admin, once = client("admin"), {"Idempotency-Key": "once"}
    made = admin.post("/api/workers", json=NEW, headers=once).json()["worker"]
    assert admin.post("/api/workers", json=NEW, headers={"Idempotency-Key": "twice"}).status_code == 409
    assert admin.delete(f"/api/workers/{made['id']}").status_code == 204
    assert admin.post("/api/workers", json=NEW, headers=once).status_code == 404
    assert admin.post("/api/workers", json=NEW, headers={"Idempotency-Key": "twice"}).status_code == 201
