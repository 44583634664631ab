"""Reading and verifying the audit log through the API."""

import sqlalchemy

from fedcare.db import audit
from fedcare.db.audit import Origin


def record(gateway, count, institution="A", **more):
    with gateway.database.transaction(gateway.scope(institution)) as tx:
        for number in range(count):
            audit.record(tx, Origin(gateway.workers["nurse", institution]), "patients.read", "patient", number, **more)


def test_an_admin_reads_the_log_of_the_own_institution_newest_first(gateway, client):
    record(gateway, 3)
    record(gateway, 2, "B")
    rows = client("admin").get("/api/audit", params={"action": "patients.read"}).json()["items"]
    assert [row["subject_id"] for row in rows] == ["2", "1", "0"]
    assert rows[0]["actor_name"] == "Nurse A"
    assert client("consortium").get("/api/audit", params={"action": "patients.read"}).json()["items"] == []


def test_pages_follow_one_another_without_gap_or_repetition(gateway, client):
    record(gateway, 7)
    admin, seen, query = client("admin"), [], {"limit": 3, "action": "patients.read"}
    while True:
        page = admin.get("/api/audit", params=query).json()
        seen += [row["subject_id"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert admin.get("/api/audit", params={"cursor": "bm90IG91cnM"}).status_code == 422


def test_it_is_filtered_by_actor_action_subject_outcome_and_time(gateway, client):
    record(gateway, 2)
    record(gateway, 1, outcome="refused")
    admin = client("admin")

    def found(**query):
        return len(admin.get("/api/audit", params=query).json()["items"])

    assert found(actor=str(gateway.workers["nurse", "A"])) == 3
    assert found(subject_type="patient", subject_id="0") == 2
    assert found(outcome="refused") == 1
    assert found(action="patients.read", since="2999-01-01T00:00:00Z") == 0
    assert found(action="patients.read", until="2999-01-01T00:00:00+02:00") == 3
    assert admin.get("/api/audit", params={"since": "yesterday"}).status_code == 422


def test_an_untouched_log_verifies_and_an_edited_row_is_named(gateway, client):
    record(gateway, 3)
    admin = client("admin")
    assert admin.get("/api/audit/verify").json() == {"intact": True, "rows": 4, "faults": []}
    with gateway.owner.begin() as connection:
        edit = "update audit_log set subject_id = '9' where tenant = :tenant and seq = 2"
        connection.execute(sqlalchemy.text(edit), {"tenant": gateway.institutions["A"]})
    answer = admin.get("/api/audit/verify").json()
    assert not answer["intact"]
    assert answer["faults"][0]["seq"] == 2
