import numpy as np

from fedcare.data.records import Table
from fedcare.data.sources.synthetic_insurance import REGIONS, expected_charges, generate
from fedcare.tasks.insurance_cost import TASK


def persons(count: int, seed: int = 1) -> Table:
    records = generate(count, seed).records
    assert isinstance(records, Table)
    return records


def test_the_same_seed_gives_the_same_persons_and_another_seed_others() -> None:
    np.testing.assert_array_equal(persons(50).target, persons(50).target)
    assert not np.array_equal(persons(50).target, persons(50, seed=2).target)


def test_the_figures_are_those_of_the_known_file() -> None:
    table = persons(20_000)
    assert (table.numeric["age"].min(), table.numeric["age"].max()) == (18, 64)
    assert abs(table.categorical["smoker"].mean() - 0.205) < 0.01
    assert abs(table.numeric["bmi"].mean() - 30.7) < 0.3
    assert 1_100 <= table.target.min() <= table.target.max() <= 64_000
    assert abs(table.target.mean() - 13_270) < 800
    assert abs(np.median(table.target) - 9_382) < 800


def test_the_region_is_a_feature_and_a_group_and_both_say_the_same() -> None:
    table = persons(200)
    np.testing.assert_array_equal(np.array(REGIONS)[table.categorical["region"]], table.groups["region"])
    declared = next(feature for feature in TASK.records.categorical if feature.name == "region")
    assert declared.categories == REGIONS


def test_smoking_costs_far_more_above_a_bmi_of_thirty() -> None:
    table = persons(20_000)
    smoker, obese = table.categorical["smoker"] == 1, table.numeric["bmi"] >= 30
    cost = {(s, o): table.target[(smoker == s) & (obese == o)].mean() for s in (0, 1) for o in (0, 1)}
    assert cost[1, 1] - cost[1, 0] > 15_000
    assert abs(cost[0, 1] - cost[0, 0]) < 1_500


def test_age_and_children_cost() -> None:
    def cost(age: float, children: float) -> float:
        none = np.zeros(1, dtype=np.int64)
        return float(expected_charges(np.array([age]), np.array([30.0]), np.array([children]), none, none)[0])

    assert cost(60, 0) > cost(40, 0) > cost(20, 0)
    assert cost(40, 2) > cost(40, 0)


def test_the_features_explain_about_as_much_as_in_the_known_file() -> None:
    table = persons(20_000)
    features = (table.numeric["age"], table.numeric["bmi"], table.numeric["children"])
    expected = expected_charges(*features, table.categorical["sex"], table.categorical["smoker"])
    explained = 1 - np.var(table.target - expected) / np.var(table.target)
    assert 0.84 < explained < 0.90


def test_one_person_is_enough() -> None:
    assert len(persons(1)) == 1
