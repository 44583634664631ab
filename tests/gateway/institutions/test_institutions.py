"""Who takes part in the consortium."""


def test_everybody_knows_who_takes_part(gateway, client):
    for role in ("nurse", "consortium"):
        names = [item["name"] for item in client(role).get("/api/institutions").json()["items"]]
        assert names == ["Hospital A", "Hospital B"]


def test_the_consortium_admits_and_dismisses(gateway, client):
    consortium = client("consortium")
    made = consortium.post("/api/institutions", json={"name": "Hospital C", "address": "3 High Street"})
    assert made.status_code == 201
    assert consortium.post("/api/institutions", json={"name": "Hospital C"}).status_code == 409
    assert consortium.post("/api/institutions", json={"name": "  "}).status_code == 422
    place = f"/api/institutions/{made.json()['id']}"
    assert consortium.delete(place).status_code == 204
    assert consortium.delete(place).status_code == 404
    actions = [row["action"] for row in gateway.rows("select action from audit_log where tenant = 0 order by seq")]
    assert actions[-2:] == ["institutions.create", "institutions.delete"]


def test_an_institution_that_has_a_history_stays(gateway, client):
    assert client("consortium").delete(f"/api/institutions/{gateway.institutions['A']}").status_code == 409


def test_an_admin_keeps_the_own_institutions_particulars_and_no_others(gateway, client):
    admin = client("admin")
    body = {"name": "Hospital A", "address": "1 New Street", "retain_patients_days": 3650}
    changed = admin.put(f"/api/institutions/{gateway.institutions['A']}", json=body)
    assert changed.json()["retain_patients_days"] == 3650
    taken = admin.put(f"/api/institutions/{gateway.institutions['A']}", json=body | {"name": "Hospital B"})
    assert taken.status_code == 409
    assert admin.put(f"/api/institutions/{gateway.institutions['B']}", json=body).status_code == 403
    assert client("consortium").put("/api/institutions/999", json=body).status_code == 404


def test_institutions_come_in_pages(client):
    nurse = client("nurse")
    first = nurse.get("/api/institutions", params={"limit": 1}).json()
    second = nurse.get("/api/institutions", params={"limit": 1, "cursor": first["next"]}).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["Hospital A", "Hospital B"]
    assert second["next"] is None
