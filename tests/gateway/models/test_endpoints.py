"""The routes of versions: what they show, and who decides which one answers."""

import hashlib
import io
import zipfile

import pytest

from fedcare.gateway.models.importing import import_version
from fedcare.registry.version import read_version


@pytest.fixture
def admin(client):
    """A client of the consortium's admin."""
    return client("consortium")


def active(client, task: str = "insurance-cost") -> str | None:
    tasks = client.get("/api/model/status").json()["tasks"]
    return next((each["answering"] for each in tasks if each["task"] == task), None)


def test_the_status_says_who_answers_and_what_a_record_holds(serve, client):
    found = serve("insurance")
    (status,) = client("nurse").get("/api/model/status").json()["tasks"]
    assert status["active"] == status["answering"] == found.version and status["fault"] is None
    assert status["unit"] == "dollars" and status["features"] == ["age", "bmi", "children", "region", "sex", "smoker"]


def test_the_metrics_are_those_of_the_version_that_answers(serve, client, trained):
    serve("insurance")
    kept = read_version(trained("insurance")).metrics
    found = client("doctor").get("/api/model/metrics").json()
    assert found["metrics"]["r2"] == kept["metrics"]["r2"]
    assert found["institutions"].keys() == kept["institutions"].keys()
    assert client("doctor").get("/api/model/metrics", params={"task": "cancer-imaging"}).status_code == 409
    assert client("doctor").get("/api/model/metrics", params={"task": "tea-leaves"}).status_code == 422


def test_versions_are_listed_page_by_page_newest_first(serve, client):
    first, second = serve("insurance"), serve("insurance-2")
    doctor = client("doctor")
    page = doctor.get("/api/models", params={"limit": 1}).json()
    assert [each["id"] for each in page["items"]] == [second.id]
    rest = doctor.get("/api/models", params={"limit": 1, "cursor": page["next"]}).json()
    assert [each["version"] for each in rest["items"]] == [first.version] and rest["next"] is None
    assert doctor.get("/api/models", params={"task": "cancer-imaging"}).json()["items"] == []


def test_a_version_shows_its_figures_lineage_and_card(serve, client):
    found = serve("insurance")
    doctor = client("doctor")
    details = doctor.get(f"/api/models/{found.id}").json()
    assert details["r2"] == details["metrics"]["metrics"]["r2"] and details["lineage"]["plan_hash"]
    card = doctor.get(f"/api/models/{found.id}/card")
    assert card.headers["content-type"].startswith("text/markdown") and "## Limits" in card.text
    for address in ("/api/models/999", "/api/models/999/card"):
        assert doctor.get(address).status_code == 404


def test_the_artifact_can_be_taken_elsewhere_and_imported_there(gateway, serve, client, admin, tmp_path):
    found = serve("insurance")
    answer = admin.get(f"/api/models/{found.id}/artifact")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    assert read_version(tmp_path / found.version).name == found.version
    manifest = (tmp_path / found.version / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == admin.get(f"/api/models/{found.id}").json()["hash"]
    again = import_version(gateway.database, tmp_path / "elsewhere", tmp_path / found.version, False, None)
    assert again.id == found.id
    assert client("doctor").get(f"/api/models/{found.id}/artifact").status_code == 403


def test_activation_is_audited_and_a_consortiums_matter(gateway, serve, admin, client):
    serve("insurance")
    second = serve("insurance-2", activate=False)
    assert client("admin").post(f"/api/models/{second.id}/activate").status_code == 403
    answer = admin.post(f"/api/models/{second.id}/activate")
    assert answer.status_code == 200 and answer.json()["is_active"]
    assert active(client("nurse")) == second.version
    noted = gateway.rows(
        "select actor, subject_id from audit_log"
        " where action = 'models.activate' and actor is not null and outcome = 'ok'"
    )
    assert noted == [{"actor": gateway.workers["consortium", None], "subject_id": str(second.id)}]
    assert admin.post("/api/models/999/activate").status_code == 404


def test_going_back_reaches_the_version_before_and_then_no_further(serve, admin):
    first, second = serve("insurance"), serve("insurance-2")
    answer = admin.post("/api/models/rollback", json={"task": "insurance-cost"})
    assert answer.status_code == 200 and answer.json()["version"] == first.version
    assert active(admin) == first.version
    assert admin.post("/api/models/rollback", json={"task": "insurance-cost"}).status_code == 409
    assert admin.post(f"/api/models/{second.id}/activate").status_code == 200
    assert active(admin) == second.version


def test_a_version_whose_files_are_gone_cannot_be_gone_back_to(gateway, serve, admin):
    first, second = serve("insurance"), serve("insurance-2")
    (gateway.services.shelf.folder / first.version / "model.onnx").write_bytes(b"")
    answer = admin.post("/api/models/rollback", json={"task": "insurance-cost"})
    assert answer.status_code == 409 and active(admin) == second.version
    assert admin.get(f"/api/models/{first.id}/card").status_code == 409


def test_a_static_address_is_not_taken_for_a_versions_id(admin):
    assert admin.get("/api/models/traffic").status_code == 405
    assert admin.get("/api/models/rollback").status_code == 405
    assert admin.get("/api/models/99999999999999999999").status_code == 422
