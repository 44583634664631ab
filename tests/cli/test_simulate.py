"""``fedcare simulate`` and ``train-local``: one JSON object on stdout, and every mistake one line, no traceback."""

import gzip
import json
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

SMALL = ("--rounds", "2", "--local-epochs", "1", "--set", "num_samples=150")
HEADER = "age,sex,bmi,children,smoker,region,charges\n"
ROW = "30,male,25.5,1,no,north,4000.5\n"


def one_line(ran, *words: str) -> None:
    """The command failed with a single line that says why, on stderr, and nothing else."""
    assert ran.code not in (0, None)
    assert "Traceback" not in ran.err
    assert ran.out == ""
    last = ran.err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    for word in words:
        assert word in last


def test_json_is_one_object_on_stdout_and_nothing_else(fedcare, tmp_path):
    ran = fedcare("simulate", "insurance-cost", *SMALL, "--out", tmp_path / "r", "--json")
    assert ran.code == 0, ran.err
    summary = json.loads(ran.out)
    wanted = {"task", "rounds", "metrics", "institutions", "history", "model_dir", "seconds"}
    assert wanted <= summary.keys()
    assert ran.err == ""
    assert len(ran.out.strip().splitlines()) == 1
    for each in summary["institutions"].values():
        assert {"examples", "metrics"} <= each.keys()


def test_people_see_progress_on_stderr_and_where_things_lie(fedcare, tmp_path):
    ran = fedcare("simulate", "insurance-cost", *SMALL, "--out", tmp_path / "r")
    assert ran.code == 0
    assert ran.out == ""
    for word in ("engine: batched", "round 2/2", "report.html", "model"):
        assert word in ran.err


def test_settings_reach_the_task_and_the_plan(fedcare, tmp_path):
    options = ("--set", "batch_size=64", "--set", "lr=0.01", "--strategy", "fedprox", "--fraction", "0.6")
    ran = fedcare("simulate", "insurance-cost", *SMALL, *options, "--out", tmp_path / "r", "--json")
    plan = json.loads(ran.out)["plan"]
    assert (plan["local"]["batch_size"], plan["local"]["lr"]) == (64, 0.01)
    assert plan["local"]["proximal_mu"] > 0
    assert plan["rounds"]["fraction_train"] == 0.6


def test_train_local_gives_a_version_and_json(fedcare, tmp_path):
    ran = fedcare("train-local", "breast-cancer", "--epochs", "3", "--out", tmp_path / "r", "--json")
    summary = json.loads(ran.out)
    assert (summary["epochs"], len(summary["history"])) == (3, 3)
    assert summary["metrics"]["auc"] > 0.9
    predicted = fedcare("models", "show", summary["model_dir"], "--json")
    assert predicted.code == 0


def write(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["empty"]),
        (HEADER, ["no"]),
        ("age,sex,bmi,children,smoker,region\n30,male,25,1,no,north\n", ["charges"]),
        (HEADER + "thirty,male,25,1,no,north,1\n" * 9, ["age", "thirty"]),
        (HEADER + "30,male,25,1,sometimes,north,1\n" * 9, ["smoker"]),
    ],
)
def test_an_unusable_csv_says_what_is_wrong(fedcare, tmp_path, content, words):
    path = write(tmp_path / "rows.csv", content)
    one_line(fedcare("simulate", "insurance-cost", "--data", path, "--out", tmp_path / "r"), "rows.csv", *words)
    assert not (tmp_path / "r").exists()


def test_a_missing_file_and_a_directory_are_told_apart(fedcare, tmp_path):
    one_line(fedcare("simulate", "insurance-cost", "--data", tmp_path / "no.csv"), "no file")
    (tmp_path / "folder").mkdir()
    one_line(fedcare("simulate", "insurance-cost", "--data", tmp_path / "folder"), "folder")


def test_a_broken_gzip_is_named(fedcare, tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROW * 50).encode())[:40])
    one_line(fedcare("simulate", "insurance-cost", "--data", path), "rows.csv.gz")


def test_an_npz_with_wrong_keys_names_what_is_needed(fedcare, tmp_path):
    np.savez(tmp_path / "x.npz", pictures=np.zeros((4, 28, 28), np.uint8))
    one_line(fedcare("simulate", "cancer-imaging", "--data", tmp_path / "x.npz"), "pictures", "train_images")


def test_truncated_images_alone_are_refused_by_name(fedcare, tmp_path):
    for label in ("normal", "cancer"):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for place in range(3):
            path = tmp_path / "scans" / label / f"{place}.png"
            Image.fromarray(np.random.default_rng(place).integers(0, 255, (64, 64), np.uint8)).save(path)
            path.write_bytes(path.read_bytes()[:200])
    one_line(fedcare("simulate", "cancer-imaging", "--data", tmp_path / "scans", "--rounds", "1"), "scans")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--strategy", "fedmagic"), ["fedmagic", "krum"]),
        (("--rounds", "0"), ["rounds", "0"]),
        (("--rounds", "many"), ["rounds"]),
        (("--set", "batch_size=0"), ["batch_size"]),
        (("--set", "warmth=3"), ["warmth"]),
        (("--set", "nonsense"), ["KEY=VALUE"]),
        (("--fraction", "1.5"), ["fraction"]),
        (("--partition", "iid:1"), ["1"]),
        (("--partition", "by:colour"), ["colour", "region"]),
        (("--partition", "wizards"), ["wizards"]),
        (("--engine", "warp"), ["warp", "batched"]),
        (("--resume",), ["resume"]),
    ],
)
def test_a_wrong_option_is_one_clear_line(fedcare, options, words):
    ran = fedcare("simulate", "insurance-cost", *options)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert all(word in ran.err for word in words)


def test_an_unknown_task_names_the_known_ones(fedcare):
    one_line(fedcare("simulate", "brain-surgery"), "brain-surgery", "insurance-cost")


def test_one_institution_only_is_refused(fedcare, tmp_path):
    path = write(tmp_path / "rows.csv", HEADER + ROW * 40)
    one_line(fedcare("simulate", "insurance-cost", "--data", path, "--partition", "by:region"), "institution")


def test_an_institution_with_a_single_class_is_named(fedcare, tmp_path):
    (tmp_path / "t.toml").write_text(
        '[task]\nname = "two"\ntitle = "Two"\n[target]\ncolumn = "y"\nkind = "binary"\nclasses = ["no", "yes"]\n'
        "[numeric.x]\nrange = [0, 100]\n"
    )
    rows = "".join(f"{k},{'no' if k % 2 else 'yes'},a\n{k},no,b\n" for k in range(40))
    path = write(tmp_path / "rows.csv", "x,y,place\n" + rows)
    one_line(fedcare("simulate", tmp_path / "t.toml", "--data", path, "--partition", "by:place"), "b", "class")


def test_errors_are_json_when_asked_for(fedcare):
    ran = fedcare("simulate", "brain-surgery", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "unknown_task"


def test_resuming_with_another_plan_says_what_changed(fedcare, tmp_path):
    first = ("simulate", "insurance-cost", *SMALL, "--out", tmp_path / "r")
    assert fedcare(*first).code == 0
    one_line(fedcare(*first, "--resume", "--set", "lr=0.2"), "lr")
    one_line(fedcare(*first), "--resume")


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 200 kB; needs the right to mount one."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place]
    mounted = subprocess.run(mount, check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_said_and_what_was_stored_stays(fedcare, tiny_disk):
    filler = tiny_disk / "filler"
    filler.write_bytes(os.urandom(80_000))
    first = ("simulate", "insurance-cost", *SMALL, "--out", tiny_disk / "r")
    one_line(fedcare(*first), "disk is full", "--resume")
    assert (tiny_disk / "r" / "study.json").stat().st_size > 0
    assert not [path for path in (tiny_disk / "r").rglob("*") if path.name.startswith(".")]
