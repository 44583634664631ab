"""Records: written whole, validated by field, changed only by who knows their state, seen by nobody else."""

from uuid import uuid4

import pytest

from fedcare.gateway.patients.names import fold


def test_a_created_patient_can_be_read_back(doctor, fields):
    made = doctor.post("/api/patients", json=fields)
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert {name: made.json()[name] for name in fields} == fields
    read = doctor.get(made.headers["Location"])
    assert read.status_code == 200
    assert read.json() == made.json()
    assert read.headers["ETag"] == '"1"'
    assert read.headers["Cache-Control"] == "no-store"


def test_outer_blanks_are_cut_and_costs_rounded_to_cents(add):
    made = add(first_name="  Ada ", region=" north ", insurance_cost=12.345678)
    assert (made["first_name"], made["region"], made["insurance_cost"]) == ("Ada", "north", 12.35)
    assert add(insurance_cost=None)["insurance_cost"] is None


BAD = [
    ("first_name", ""),
    ("first_name", "   "),
    ("first_name", "x" * 101),
    ("first_name", "a\x00b"),
    ("last_name", "a\nb"),
    ("last_name", 7),
    ("age", -1),
    ("age", 131),
    ("age", 4.5),
    ("age", "42"),
    ("age", True),
    ("age", None),
    ("age", 10**400),
    ("sex", "f"),
    ("bmi", 4.99),
    ("bmi", 150.1),
    ("bmi", "27.9"),
    ("bmi", False),
    ("children", -1),
    ("children", 31),
    ("smoker", True),
    ("smoker", "maybe"),
    ("region", ""),
    ("insurance_cost", -0.01),
    ("insurance_cost", 1e300),
    ("insurance_cost", "1"),
]


def test_a_bad_value_is_refused_by_the_name_of_its_field(doctor, fields):
    for field, value in BAD:
        answer = doctor.post("/api/patients", json=fields | {field: value})
        assert answer.status_code == 422, (field, value)
        error = answer.json()["error"]
        assert error["code"] == "invalid_request"
        assert [each["field"] for each in error["details"]["fields"]] == [field]
        assert len(str(value)) < 5 or str(value)[:100] not in answer.text


def test_a_missing_and_an_unknown_field_are_named(doctor, fields):
    del fields["age"]
    answer = doctor.post("/api/patients", json=fields | {"shoe_size": 44})
    named = {each["field"] for each in answer.json()["error"]["details"]["fields"]}
    assert (answer.status_code, named) == (422, {"age", "shoe_size"})


def test_the_limits_themselves_are_allowed(add):
    add(age=0, bmi=5, children=0, insurance_cost=0)
    add(age=130, bmi=150, children=30, first_name="ﷺ" * 100, last_name="ß" * 100)


def test_a_change_needs_the_state_it_starts_from(doctor, add, fields):
    patient = add()
    address = f"/api/patients/{patient['id']}"
    changed = fields | {"age": 43}
    assert doctor.put(address, json=changed).json()["error"]["code"] == "revision_required"
    assert doctor.put(address, json=changed).status_code == 428
    done = doctor.put(address, json=changed, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["age"], done.headers["ETag"]) == (200, 43, '"2"')
    lost = doctor.put(address, json=fields, headers={"If-Match": '"1"'})
    assert (lost.status_code, lost.json()["error"]["code"]) == (412, "lost_update")
    assert doctor.get(address).json()["age"] == 43
    assert doctor.put(address, json=fields, headers={"If-Match": "*"}).status_code == 200


def test_an_if_match_that_is_no_etag_of_ours_is_refused(doctor, add, fields):
    address = f"/api/patients/{add()['id']}"
    for etag in ("3", "", 'W/"1"', '"1", "2"', '"' + "9" * 40 + '"', '"a"'):
        answer = doctor.put(address, json=fields, headers={"If-Match": etag})
        assert answer.status_code == 422
        assert answer.json()["error"]["details"]["fields"][0]["field"] == "If-Match"


def test_deletion_needs_the_state_and_takes_the_record_away(doctor, add):
    address = f"/api/patients/{add()['id']}"
    assert doctor.delete(address).status_code == 428
    assert doctor.delete(address, headers={"If-Match": '"2"'}).status_code == 412
    assert doctor.delete(address, headers={"If-Match": '"1"'}).status_code == 204
    assert doctor.get(address).status_code == 404
    assert doctor.delete(address, headers={"If-Match": '"1"'}).status_code == 404


def test_a_nurse_cannot_delete_a_patient(client, add):
    answer = client("nurse").delete(f"/api/patients/{add()['id']}", headers={"If-Match": '"1"'})
    assert answer.status_code == 403


def test_another_institutions_patient_is_answered_like_an_unknown_one(client, add, fields):
    ours, unknown = add()["id"], uuid4()
    other = client("doctor", "B")
    requests = [
        ("GET", "/api/patients/{}", {}),
        ("PUT", "/api/patients/{}", {"json": fields, "headers": {"If-Match": '"1"'}}),
        ("PUT", "/api/patients/{}", {"json": fields, "headers": {"If-Match": "*"}}),
        ("DELETE", "/api/patients/{}", {"headers": {"If-Match": '"1"'}}),
        ("GET", "/api/patients/{}/export", {}),
        ("POST", "/api/patients/{}/erasure", {}),
    ]
    for method, address, options in requests:
        theirs = other.request(method, address.format(ours), **options)
        nobodys = other.request(method, address.format(unknown), **options)
        assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())
        assert theirs.status_code == 404
    assert other.get("/api/patients").json()["items"] == []


def test_every_deed_is_in_the_audit_log_and_no_value_is(doctor, add, fields, audited, gateway):
    patient = add()["id"]
    address = f"/api/patients/{patient}"
    doctor.get(address)
    doctor.put(address, json=fields, headers={"If-Match": '"1"'})
    doctor.put(address, json=fields, headers={"If-Match": '"1"'})
    doctor.delete(address, headers={"If-Match": '"2"'})
    deeds = ["patients.create", "patients.read", "patients.update", "patients.delete"]
    assert [row for row in audited() if row[1] == patient] == [(deed, patient, "ok") for deed in deeds]
    assert "Müller" not in str(gateway.rows("select * from audit_log"))


def test_when_a_cost_was_recorded_is_kept_until_it_changes(doctor, add, fields, gateway):
    address = f"/api/patients/{add()['id']}"

    def recorded():
        return gateway.rows("select cost_recorded_at from patients")[0]["cost_recorded_at"]

    first = recorded()
    doctor.put(address, json=fields | {"age": 50}, headers={"If-Match": "*"})
    assert recorded() == first
    doctor.put(address, json=fields | {"insurance_cost": 1}, headers={"If-Match": "*"})
    assert recorded() > first
    doctor.put(address, json=fields | {"insurance_cost": None}, headers={"If-Match": "*"})
    assert recorded() is None


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Müller-Łuk", "muller luk"),
        ("O'Neil", "oneil"),
        ("GROẞ", "gross"),
        ("von  der Leyen", "von der leyen"),
        ("J. R.", "j r"),
        ("Đặng", "dang"),
        ("中村", "中村"),
        ("---", "---"),
    ],
)
def test_a_name_is_folded_for_the_search(name, folded):
    assert fold(name) == folded


def test_a_whole_number_may_be_written_with_a_point(add):
    assert add(age=42.0, children=2e0)["age"] == 42
