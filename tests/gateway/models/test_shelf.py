"""Who answers, and what happens when a version's files are not what they were."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fedcare.db.audit import Origin
from fedcare.errors import CorruptModel
from fedcare.gateway.models.artifact import verified
from fedcare.gateway.models.importing import import_version
from fedcare.gateway.models.shelf import share_of


def damage(gateway, version: str, file: str = "model.onnx") -> None:
    """Change one byte of a file of the gateway's copy."""
    path = gateway.services.shelf.folder / version / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def answering(gateway, task: str = "insurance-cost") -> str | None:
    place = next(each for each in gateway.services.shelf.places() if each.task == task)
    return place.ready.name if place.ready else None


def soon(condition, seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_a_second_gateway_takes_over_an_activation_by_itself(gateway, make_gateway, serve, client):
    serve("insurance")
    other = make_gateway()
    assert soon(lambda: "insurance-cost" in other.services.shelf.tasks())
    second = serve("insurance-2", activate=False)
    assert client("consortium").post(f"/api/models/{second.id}/activate").status_code == 200
    assert soon(lambda: answering(other) == second.version)


def test_a_gateway_that_starts_answers_with_what_is_active(make_gateway, serve):
    active = serve("insurance")
    other = make_gateway()
    assert soon(lambda: other.services.shelf.tasks() == {"insurance-cost"})
    assert answering(other) == active.version


def test_what_is_loaded_goes_on_answering_when_the_next_version_is_damaged(gateway, serve, client, trained):
    first, second = serve("insurance"), serve("insurance-2", activate=False)
    damage(gateway, second.version)
    refused = client("consortium").post(f"/api/models/{second.id}/activate")
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "corrupt_model"
    assert str(gateway.config.home) not in refused.text
    assert answering(gateway) == first.version
    assert [row["version"] for row in gateway.rows("select version from model_versions where is_active")] == [
        first.version
    ]


@pytest.mark.parametrize("file", ["model.onnx", "manifest.json", "preprocessing.json", None])
def test_a_restart_with_a_damaged_version_serves_the_one_before_and_says_so(gateway, make_gateway, serve, client, file):
    first, second = serve("insurance"), serve("insurance-2")
    if file:
        damage(gateway, second.version, file)
    else:
        shutil.rmtree(gateway.services.shelf.folder / second.version)
    other = make_gateway()
    assert soon(lambda: other.services.shelf.tasks() == {"insurance-cost"})
    assert answering(other) == first.version and answering(gateway) == second.version
    (place,) = other.services.shelf.places()
    assert place.active == second.version and ("damaged" if file else "missing") in place.fault
    assert str(gateway.config.home) not in place.fault


def test_a_database_restored_without_the_models_says_what_is_missing_and_what_to_do(
    gateway, make_gateway, serve, trained, tmp_path
):
    active = serve("insurance")
    restored = make_gateway(tmp_path / "another machine")
    assert soon(restored.services.shelf.places)
    restored.workers, restored.institutions = gateway.workers, gateway.institutions
    nurse, record = restored.client("nurse"), {"features": {"age": 40}, "record": False}
    for answer in (
        nurse.post("/api/predictions", json=record),
        nurse.post("/api/predictions/batch", json={"rows": [{"age": 40}]}),
        nurse.get("/api/model/metrics"),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (503, "unusable_model")
        assert f"{active.version} is the active version of insurance-cost" in error["message"]
        assert f"Copy models/{active.version} back" in error["message"] and "models import" in error["message"]
    (task,) = nurse.get("/api/model/status").json()["tasks"]
    assert (task["active"], task["answering"]) == (active.version, None)
    ready = restored.anonymous().get("/api/health/ready")
    assert (ready.status_code, ready.json()["models"]) == (503, [])
    assert ready.json()["faults"] == {"insurance-cost": task["fault"]} and "missing" in task["fault"]
    refused = restored.client("consortium").post(f"/api/models/{active.id}/activate")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "missing_model")
    import_version(restored.database, restored.services.shelf.folder, trained("insurance"), False, Origin())
    assert soon(lambda: restored.services.shelf.tasks() == {"insurance-cost"})


def test_importing_a_damaged_version_again_repairs_it(gateway, serve, trained):
    active = serve("insurance")
    folder = gateway.services.shelf.folder
    damage(gateway, active.version, "weights.safetensors")
    (row,) = gateway.rows("select hash from model_versions")
    with pytest.raises(CorruptModel):
        verified(folder, active.version, row["hash"])
    again = serve("insurance", activate=False)
    assert again.id == active.id and not again.added and again.active
    (row,) = gateway.rows("select hash from model_versions")
    assert verified(folder, active.version, row["hash"]).name == active.version
    assert [path.name for path in folder.iterdir()] == [active.version]


@pytest.mark.parametrize("file", ["card.md", "manifest.json", "model.onnx"])
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("changed")], ids=["gone", "changed"])
def test_a_damaged_source_is_refused_by_the_name_of_the_file_and_leaves_nothing_behind(
    gateway, trained, tmp_path, file, change
):
    source = shutil.copytree(trained("insurance"), tmp_path / "source")
    change(source / file)
    with pytest.raises(CorruptModel, match=rf"{file} .*\. Copy or import it again"):
        import_version(gateway.database, gateway.services.shelf.folder, source, True, None)
    assert gateway.rows("select id from model_versions") == []
    assert not gateway.services.shelf.folder.exists() or not list(gateway.services.shelf.folder.iterdir())


def test_the_share_of_a_patient_is_even_and_never_changes():
    shares = [share_of("challenger", str(patient).encode()) for patient in range(4000)]
    assert abs(sum(share < 0.2 for share in shares) / 4000 - 0.2) < 0.03
    assert shares[:10] == [share_of("challenger", str(patient).encode()) for patient in range(10)]
    assert shares[:10] != [share_of("another", str(patient).encode()) for patient in range(10)]


def test_an_institutions_new_name_reaches_every_gateway(gateway, make_gateway, client):
    other = make_gateway()
    chosen = gateway.institutions["A"]
    body = {"name": "General Hospital", "address": ""}
    assert client("consortium").put(f"/api/institutions/{chosen}", json=body).status_code == 200
    assert soon(lambda: other.services.shelf.institution(chosen) == "General Hospital")


TORCH_FREE = """
import sys
from pathlib import Path
from fedcare.db.audit import Origin
from fedcare.db.database import Database
from fedcare.gateway.app import create_app
from fedcare.gateway.config import GatewayConfig
from fedcare.gateway.models.importing import import_version

database, home = Database(sys.argv[1]), Path(sys.argv[2])
app = create_app(GatewayConfig(home=home), database)
shelf = app.state.services.shelf
import_version(database, shelf.folder, Path(sys.argv[3]), True, Origin())
shelf.reload()
record = {"age": 44, "sex": "female", "bmi": 27.5, "children": 1, "smoker": "no", "region": "northeast"}
prediction, explanation = shelf.pick("insurance-cost", lambda: b"").predictor.explain(record)
print(prediction.value)
print(sorted({"torch", "flwr", "opacus", "sklearn"} & sys.modules.keys()))
"""


def test_a_gateway_that_predicts_has_not_imported_torch(database_url, trained, tmp_path):
    program = [sys.executable, "-c", TORCH_FREE, database_url, str(tmp_path), str(trained("insurance"))]
    ran = subprocess.run(program, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    value, imported = ran.stdout.strip().splitlines()[-2:]
    assert float(value) and imported == "[]"


def test_the_command_line_imports_and_a_running_gateway_answers(gateway, trained, monkeypatch, capsys, database_url):
    from fedcare.cli import app
    from fedcare.settings import settings

    monkeypatch.setenv("FEDCARE_HOME", str(gateway.config.home))
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    try:
        run = Path(trained("insurance")).parent
        monkeypatch.setattr(sys, "argv", ["fedcare", "models", "import", str(run), "--activate", "--json"])
        with pytest.raises(SystemExit) as end:
            app.main()
    finally:
        settings.cache_clear()
    assert not end.value.code, capsys.readouterr()
    assert '"active": true' in capsys.readouterr().out
    assert soon(lambda: gateway.services.shelf.tasks() == {"insurance-cost"})
    (noted,) = gateway.rows("select source from audit_log where action = 'models.import'")
    assert noted["source"] == "command line"
