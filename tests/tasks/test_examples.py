import tomllib
from pathlib import Path

import numpy as np
import pytest

from fedcare.data.preprocessing import fit, statistics
from fedcare.data.records import Table
from fedcare.data.schema import TableSchema
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OPT = EXAMPLES / "opt.toml"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_a_valid_task(path: Path) -> None:
    get(str(path))


def test_the_full_example_shows_every_section_and_key_of_a_table() -> None:
    shown = tomllib.loads((EXAMPLES / "readmission.toml").read_text())
    assert set(shown) == {
        "task",
        "target",
        "table",
        "numeric",
        "categorical",
        "model",
        "training",
        "rounds",
        "strategy",
        "selection",
    }
    assert set(shown["numeric"]["albumin"]) | set(shown["numeric"]["visits.before"]) == {
        "range",
        "unit",
        "impute",
        "integer",
    }


def test_all_rows_of_four_real_hospitals_are_used_or_named(real_data: Path) -> None:
    loaded = load(get(str(OPT)), real_data / "opt" / "opt.csv", 1)
    assert [problem.line for problem in loaded.problems] == [12, 22, 44, 81, 94, 151, 424, 478, 540]
    assert {(problem.column, problem.reason) for problem in loaded.problems} == {
        ("Preg.ended...37.wk", "the target is missing")
    }
    assert (len(loaded.records), loaded.records.target.sum()) == (814, 103)
    assert set(loaded.records.groups["Clinic"]) == {"MN", "KY", "MS", "NY"}


def test_the_real_hospitals_rows_become_finite_inputs(real_data: Path) -> None:
    task = get(str(OPT))
    records = load(task, real_data / "opt" / "opt.csv", 1).records
    inputs = fit(task.records, statistics(task.records, records)).inputs(records)
    assert np.isfinite(inputs).all()
    assert isinstance(records, Table)
    assert np.isnan(records.numeric["BMI"]).sum() == 72


def test_no_feature_of_the_real_hospitals_was_recorded_after_enrolment(real_data: Path) -> None:
    schema = get(str(OPT)).records
    assert isinstance(schema, TableSchema)
    header = (real_data / "opt" / "opt.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    after = {name for name in header if name.startswith(("V3", "V5", "Apgar", "Birth", "GA", "Tx"))}
    assert after <= set(schema.leave_out)
    assert set(schema.leave_out) <= set(header)
    assert not after & set(schema.feature_names)
