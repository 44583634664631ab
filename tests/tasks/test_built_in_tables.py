import numpy as np
import pytest

from fedcare.data.preprocessing import fit, statistics
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get

COLUMNS = {"insurance-cost": 12, "breast-cancer": 30, "diabetes": 11}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_built_in_task_turns_its_records_into_model_inputs(name: str) -> None:
    task = get(name)
    records = load(task, None, 1).records
    preprocessing = fit(task.records, statistics(task.records, records))
    inputs = preprocessing.inputs(records)
    assert inputs.shape == (len(records), COLUMNS[name])
    assert np.abs(inputs.mean(axis=0)[: len(task.records.numeric)]).max() < 1e-5
    assert preprocessing.targets(records).shape == (len(records),)


def test_insurance_cost_takes_both_names_of_its_target_and_persons_of_any_country() -> None:
    records = get("insurance-cost").records
    assert records.target.aliases == ("insurance_cost",)
    region = next(feature for feature in records.categorical if feature.name == "region")
    assert (region.unknown, region.impute) == ("missing", "own-category")


def test_insurance_cost_makes_as_many_persons_as_the_known_file_has() -> None:
    assert len(load(get("insurance-cost"), None, 1).records) == 1338


@pytest.mark.parametrize(("name", "metric"), [("insurance-cost", "r2"), ("breast-cancer", "auc"), ("diabetes", "r2")])
def test_each_task_is_decided_by_the_usual_metric_of_its_kind(name: str, metric: str) -> None:
    assert get(name).deciding_metric == metric
