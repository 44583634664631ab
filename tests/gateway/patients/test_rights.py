"""A patient gets everything that is held, and can have it erased; an institution keeps it no longer than it wants."""

import json

import pytest
from sqlalchemy import text

from fedcare.db import audit
from fedcare.db.ids import new_id
from fedcare.db.retention import enforce
from fedcare.db.tables import metadata
from fedcare.gateway.housekeeping import tidy
from fedcare.gateway.patients import rights


@pytest.fixture
def history(gateway):
    """Adds a prediction and an image of a patient at A; their ids."""

    def insert(patient_id):
        ids = {"institution": gateway.institutions["A"], "patient": patient_id, "worker": new_id()}
        made = {"prediction": new_id(), "image": new_id()}
        with gateway.database.transaction(gateway.scope("A")) as tx:
            tx.execute(
                text(
                    "insert into predictions (institution_id, id, worker_id, patient_id, task, model_version, features,"
                    " result, value, outside) values (:institution, :prediction, :worker, :patient, 'insurance-cost',"
                    """ 'v1', '{"age": 42}', '{"cost": 1}', 1, false)"""
                ),
                ids | made,
            )
            tx.execute(
                text(
                    "insert into imaging_studies (institution_id, id, patient_id, path)"
                    " values (:institution, :image, :patient, 'scan.npy')"
                ),
                ids | made,
            )
            audit.record(tx, audit.Origin(), "predictions.create", "prediction", made["prediction"])
        return made

    return insert


def test_an_export_holds_everything_that_is_held(doctor, fields, history, audited):
    made = doctor.post("/api/patients", json=fields, headers={"Idempotency-Key": "k"}).json()
    ids = history(made["id"])
    answer = doctor.get(f"/api/patients/{made['id']}/export")
    assert answer.status_code == 200
    held = answer.json()
    assert {name: held["patient"][name] for name in fields} == fields
    assert [one["id"] for one in held["predictions"]] == [str(ids["prediction"])]
    assert held["predictions"][0]["features"] == {"age": 42}
    assert [one["path"] for one in held["imaging_studies"]] == ["scan.npy"]
    assert json.loads(held["idempotency_keys"][0]["response"]) == made
    assert [one["action"] for one in held["audit"]] == ["patients.create", "predictions.create", "patients.export_one"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_every_table_that_names_a_patient_is_exported_and_erased():
    naming = {table.name for table in metadata.tables.values() if "patient_id" in table.columns}
    assert naming == set(rights.HELD)
    for name in naming:
        keys = [key for key in metadata.tables[name].foreign_key_constraints if "patient_id" in key.column_keys]
        assert [key.ondelete for key in keys] == ["CASCADE"]


def test_erasure_leaves_nothing_but_ids_in_a_chain_that_still_verifies(doctor, fields, history, gateway, add):
    other = add(first_name="Other")
    made = doctor.post("/api/patients", json=fields, headers={"Idempotency-Key": "k"}).json()
    history(made["id"])
    history(other["id"])
    answer = doctor.post(f"/api/patients/{made['id']}/erasure")
    assert answer.status_code == 200
    counts = {"patients": 1, "predictions": 1, "imaging_studies": 1, "idempotency_keys": 1}
    assert answer.json() == {"patient_id": made["id"], "erased": counts}
    for name in ("patients", *rights.HELD):
        column = "id" if name == "patients" else "patient_id"
        assert gateway.rows(f"select * from {name} where {column} = '{made['id']}'") == []
    assert len(gateway.rows("select * from predictions")) == 1
    log = gateway.rows("select action, subject_id from audit_log where subject_id = :id order by seq", id=made["id"])
    assert [row["action"] for row in log] == ["patients.create", "patients.erase"]
    with gateway.database.transaction(gateway.scope("A")) as tx:
        assert audit.verify(tx) == []
    assert doctor.get(f"/api/patients/{made['id']}").status_code == 404
    assert doctor.post(f"/api/patients/{made['id']}/erasure").status_code == 404


def test_a_nurse_neither_exports_nor_erases(client, add):
    address = f"/api/patients/{add()['id']}"
    nurse = client("nurse")
    assert nurse.get("/api/patients/export").status_code == 403
    assert nurse.get(f"{address}/export").status_code == 403
    assert nurse.post(f"{address}/erasure").status_code == 403


def test_what_is_kept_too_long_is_deleted_institution_by_institution(gateway, add, client, fields, history):
    old, new = add(first_name="Old"), add(first_name="New")
    history(old["id"])
    history(new["id"])
    theirs = client("doctor", "B").post("/api/patients", json=fields).json()
    with gateway.owner.begin() as connection:
        for name in ("A", "B"):
            connection.execute(
                text("select set_config('app.institution_id', :id, true)"), {"id": str(gateway.institutions[name])}
            )
            aged = "update patients set updated_at = now() - interval '40 days' where id in (:old, :theirs)"
            connection.execute(text(aged), {"old": old["id"], "theirs": theirs["id"]})
        connection.execute(text("select set_config('app.institution_id', '0', true)"))
        period = "update institutions set retain_patients_days = 30 where id = :id"
        connection.execute(text(period), {"id": gateway.institutions["A"]})
    tidy(gateway.database)
    assert {row["first_name"] for row in gateway.rows("select first_name from patients")} == {
        "New",
        fields["first_name"],
    }
    assert [str(row["patient_id"]) for row in gateway.rows("select patient_id from predictions")] == [new["id"]]
    rows = gateway.rows("select action, subject_id, actor from audit_log where action like 'retention%'")
    assert rows == [{"action": "retention.patients", "subject_id": "1", "actor": None}]
    with gateway.database.transaction(gateway.scope("A")) as tx:
        assert enforce(tx, gateway.institutions["A"]) == {}
        assert audit.verify(tx) == []
