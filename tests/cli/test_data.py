import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEADER = "age,bmi,children,sex,smoker,region,city,charges\n"
GOOD = "40,27.5,0,male,no,northeast,Boston,1000\n"
Fedcare = Callable[..., tuple[int, str, str]]


def save(folder: Path, rows: str) -> Path:
    path = folder / "records.csv"
    path.write_text(HEADER + rows)
    return path


def checked(fedcare: Fedcare, path: Path, task: object = "insurance-cost") -> tuple[int, dict[str, Any]]:
    status, out, err = fedcare("data", "check", path, "--task", task, "--json")
    assert err == ""
    return status, json.loads(out)


# -- check -------------------------------------------------------------------------------------------------------------


def test_a_file_that_fits_exits_with_0(fedcare: Fedcare, tmp_path: Path) -> None:
    path = save(tmp_path, GOOD)
    status, out, _ = fedcare("data", "check", path, "--task", "insurance-cost")
    assert status == 0
    assert "Every row fits." in out
    assert "Columns not used: 'city'" in out


def test_bad_rows_among_good_ones_exit_with_1_and_say_what_stays_usable(fedcare: Fedcare, tmp_path: Path) -> None:
    path = save(tmp_path, GOOD + "forty,?,0,male,maybe,northeast,Boston,1000\n" + GOOD)
    status, out, _ = fedcare("data", "check", path, "--task", "insurance-cost")
    assert status == 1
    assert "Usable rows: 2. Bad rows, which will be left out: 1." in out.replace("\n", " ")
    assert "'forty' is not a number" in out
    assert "'maybe' is not one of no, yes" in out


def test_a_file_without_a_usable_row_exits_with_2(fedcare: Fedcare, tmp_path: Path) -> None:
    status, out, _ = fedcare(
        "data", "check", save(tmp_path, "x,1,0,male,no,northeast,Boston,1\n"), "--task", "insurance-cost"
    )
    assert status == 2
    assert "No row is usable." in out


def test_people_see_the_first_problems_and_programs_see_all(fedcare: Fedcare, tmp_path: Path) -> None:
    path = save(tmp_path, GOOD + "x,20,0,male,no,northeast,Boston,1\n" * 50)
    status, out, _ = fedcare("data", "check", path, "--task", "insurance-cost")
    assert status == 1
    assert "... and 30 more; --json gives all. By column: age 50" in out
    status, found = checked(fedcare, path)
    assert status == 1
    assert (found["rows"], found["usable"], found["bad"]) == (51, 1, 50)
    assert found["problems"][49] == {"line": 52, "column": "age", "reason": "'x' is not a number"}


def test_the_json_tells_what_is_imputed_ignored_and_learned(fedcare: Fedcare, tmp_path: Path) -> None:
    _, found = checked(fedcare, save(tmp_path, GOOD + "41,,?,female,yes,northeast,Boston,3000\n"))
    assert found["imputed"] == {"bmi": 1, "children": 1}
    assert found["ignored_columns"] == ["city"]
    assert found["target"] == {"least": 1000.0, "mean": 2000.0, "greatest": 3000.0}


def test_markup_in_a_file_is_shown_and_not_obeyed(fedcare: Fedcare, tmp_path: Path) -> None:
    path = save(tmp_path, GOOD + "[bold]x[/red],20,0,male,no,northeast,Boston,1\n")
    assert "[bold]x[/red]" in fedcare("data", "check", path, "--task", "insurance-cost")[1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no file"),
        ("", "the file is empty"),
        (HEADER, "a header and no rows"),
        (HEADER.replace(",charges", "") + "1,1,1,male,no,n\n", "no column 'charges' or 'insurance_cost'"),
        ("folder", "it is a folder"),
    ],
)
def test_an_unusable_file_is_one_line_and_exits_with_2(
    fedcare: Fedcare, tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "records.csv"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    status, out, err = fedcare("data", "check", path, "--task", "insurance-cost")
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1
    status, out, err = fedcare("data", "check", path, "--task", "insurance-cost", "--json")
    assert (status, err) == (2, "")
    assert says in json.loads(out)["error"]["message"]


def test_an_unknown_task_exits_with_2(fedcare: Fedcare, tmp_path: Path) -> None:
    status, _, err = fedcare("data", "check", save(tmp_path, GOOD), "--task", "insurance")
    assert status == 2
    assert "There is no task 'insurance'" in err


def test_the_four_real_hospitals_go_through_their_toml_task(fedcare: Fedcare, real_data: Path) -> None:
    task = Path(__file__).resolve().parents[2] / "examples" / "opt.toml"
    status, found = checked(fedcare, real_data / "opt" / "opt.csv", task)
    assert status == 1
    assert (found["rows"], found["usable"], found["bad"]) == (823, 814, 9)
    assert found["target"] == {"No": 711, "Yes": 103}


# -- generate ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["made.csv", "deep/made.csv.gz"])
def test_a_generated_table_passes_its_own_check(fedcare: Fedcare, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    status, said, _ = fedcare("data", "generate", "insurance-cost", "--out", out, "--set", "num_samples=40", "--json")
    assert status == 0
    assert json.loads(said) == {"task": "insurance-cost", "out": str(out), "rows": 40, "seed": 42}
    status, found = checked(fedcare, out)
    assert (status, found["usable"]) == (0, 40)


def test_generated_images_pass_their_own_check(fedcare: Fedcare, tmp_path: Path) -> None:
    out = tmp_path / "made.npz"
    sizes = ("--set", "num_samples=10", "--set", "image_size=28", "--set", "pos_ratio=0.5")
    assert fedcare("data", "generate", "cancer-imaging", "--out", out, *sizes)[0] == 0
    status, out_text, _ = fedcare("data", "check", out, "--task", "cancer-imaging", "--json")
    assert (status, json.loads(out_text)["target"]) == (0, {"normal": 5, "cancer": 5})


def test_the_seed_may_be_given_either_way(fedcare: Fedcare, tmp_path: Path) -> None:
    small = ("--set", "num_samples=5")
    fedcare("data", "generate", "insurance-cost", "--out", tmp_path / "a.csv", *small, "--seed", "7")
    fedcare("data", "generate", "insurance-cost", "--out", tmp_path / "b.csv", *small, "--set", "seed=7")
    fedcare("data", "generate", "insurance-cost", "--out", tmp_path / "c.csv", *small, "--set", "seed=8")
    texts = [(tmp_path / f"{name}.csv").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_a_file_that_is_there_is_replaced_only_by_force(fedcare: Fedcare, tmp_path: Path) -> None:
    out = tmp_path / "made.csv"
    out.write_text("precious")
    arguments = ("data", "generate", "insurance-cost", "--out", out, "--set", "num_samples=5")
    status, _, err = fedcare(*arguments)
    assert status == 2
    assert "add --force" in err
    assert out.read_text() == "precious"
    assert fedcare(*arguments, "--force")[0] == 0
    assert sorted(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("insurance-cost", "--out", "x.npz"), "must end in .csv or .csv.gz"),
        (("cancer-imaging", "--out", "x.csv"), "must end in .npz"),
        (("insurance-cost", "--out", "x.csv", "--set", "num_samples=0"), "it must be at least 1"),
        (("insurance-cost", "--out", "x.csv", "--set", "seed=-1"), "it must be a whole number from 0"),
        (("insurance-cost", "--out", "x.csv", "--set", "num_samples"), "write KEY=VALUE"),
        (("insurance-cost", "--out", "x.csv", "--set", "rows=5"), "There is no setting 'rows'"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(
    fedcare: Fedcare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = fedcare("data", "generate", *arguments)
    assert status == 2
    assert says in err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_file(fedcare: Fedcare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fedcare.data.sources import csv_table

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr(csv_table, "write_table", full)
    status, _, err = fedcare("data", "generate", "insurance-cost", "--out", tmp_path / "made.csv")
    assert status != 0
    assert "the disk is full" in err
    assert list(tmp_path.iterdir()) == []
