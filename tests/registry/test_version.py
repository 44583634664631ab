"""Model versions: written whole, believed only while their hashes hold."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fedcare.errors import CorruptModel, StorageFull, UnknownModel, UnreadableFile
from fedcare.models.build import build
from fedcare.models.vector import load_vector, vector_of
from fedcare.registry.version import FILES, MANIFEST, read_version
from fedcare.tasks.registry import get
from fedcare.training.probabilities import Probabilities


def test_a_version_is_read_back_as_it_was_written(tmp_path, write_small, fit_task):
    written = write_small(tmp_path / "model")
    read = read_version(tmp_path / "model")
    assert read == written
    assert read.name.startswith("breast-cancer-")
    assert (read.threshold, read.lineage["rounds"]) == (0.4, 3)
    assert read.preprocessing == fit_task(get("breast-cancer"))
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted([*FILES, MANIFEST])
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_weights_come_back_bit_for_bit(tmp_path, write_small):
    version = write_small(tmp_path / "model", seed=5)
    manifest, vector = version.weights()
    model = build(version.task.model, 30, 2, 99)
    load_vector(model, vector)
    assert np.array_equal(vector_of(build(version.task.model, 30, 2, 5)), vector)
    assert manifest.size == len(vector)


def test_equal_contents_have_equal_names(tmp_path, write_small):
    first, again, other = (write_small(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first.name == again.name != other.name


def test_a_runs_folder_stands_for_the_version_in_it(tmp_path, write_small):
    write_small(tmp_path / "run" / "model")
    assert read_version(tmp_path / "run").directory == tmp_path / "run" / "model"


@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_or_a_missing_file_is_noticed(tmp_path, write_small, file):
    write_small(tmp_path / "model")
    path = tmp_path / "model" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptModel, match=file):
        read_version(tmp_path / "model")
    path.unlink()
    with pytest.raises(CorruptModel, match=file):
        read_version(tmp_path / "model")


def test_a_file_changed_after_it_was_verified_is_noticed_when_it_is_used(tmp_path, write_small):
    version = write_small(tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(b"other")
    with pytest.raises(CorruptModel):
        version.content("model.onnx")


@pytest.mark.parametrize("change", [{"files": {}}, {"name": "breast-cancer-000000000000"}, {"entries": [1]}])
def test_a_changed_manifest_is_noticed(tmp_path, write_small, change):
    write_small(tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptModel):
        read_version(tmp_path / "model")


def test_what_is_no_version_or_of_another_format_is_refused(tmp_path, write_small):
    with pytest.raises(UnknownModel):
        read_version(tmp_path / "absent")
    write_small(tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3}))
    with pytest.raises(UnreadableFile, match="format 3"):
        read_version(tmp_path / "model")
    path.write_text("[]")
    with pytest.raises(CorruptModel):
        read_version(tmp_path / "model")


def test_writing_again_replaces_the_former_version(tmp_path, write_small):
    write_small(tmp_path / "model", seed=1)
    second = write_small(tmp_path / "model", seed=2)
    assert read_version(tmp_path / "model").name == second.name
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_write_that_fails_leaves_the_former_version(tmp_path, write_small, monkeypatch):
    former = write_small(tmp_path / "model", seed=1)

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageFull, match="disk is full"):
        write_small(tmp_path / "model", seed=2)
    assert read_version(tmp_path / "model").name == former.name
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_card_says_how_good_it_is_and_what_it_must_not_be_used_for(tmp_path, write_small):
    card = write_small(tmp_path / "model", "insurance-cost").content("card.md").decode()
    for text in ("| all together | 0.9 |", "| A | 0.8 |", "no medical device", "smoker", "| A | 40 |", "dollars"):
        assert text in card


def test_reading_a_version_needs_no_torch(tmp_path, write_small):
    write_small(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from fedcare.registry.version import read_version;"
        "read_version(Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(tmp_path / "model"))], check=True, timeout=300)


def test_what_a_version_knows_of_its_errors_is_stored_and_read_back(tmp_path, write_small):
    known = Probabilities(200, 1.5, -0.2, 0.3, 0.7)
    assert write_small(tmp_path / "model", calibration=known).calibration == known
    assert '"not sure"' in (tmp_path / "model" / "card.md").read_text()
    assert write_small(tmp_path / "without").calibration is None


def test_a_version_of_the_format_before_calibration_is_read_without_one(tmp_path, write_small):
    write_small(tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    told = json.loads(path.read_text())
    hashes = {file: digest for file, digest in told["files"].items() if file != "calibration.json"}
    together = "".join(hashes[file] for file in FILES if file in hashes)
    name = f"breast-cancer-{hashlib.sha256(together.encode()).hexdigest()[:12]}"
    path.write_text(json.dumps(told | {"format": 1, "files": hashes, "name": name}))
    (tmp_path / "model" / "calibration.json").unlink()
    assert read_version(tmp_path / "model").calibration is None
