import numpy as np
import pytest

from fedcare.data.records import Table
from fedcare.data.sources import bundled
from fedcare.errors import FileMissing
from fedcare.tasks.breast_cancer import SCHEMA as BREAST_CANCER
from fedcare.tasks.diabetes import SCHEMA as DIABETES


def test_malignant_is_the_positive_class() -> None:
    records = bundled.breast_cancer(BREAST_CANCER).records
    assert (len(records), records.target.sum()) == (569, 212)
    assert isinstance(records, Table)
    # Malignant nuclei are larger.
    radius = records.numeric["mean radius"]
    assert radius[records.target == 1].mean() > radius[records.target == 0].mean()


def test_diabetes_comes_in_its_own_units() -> None:
    records = bundled.diabetes(DIABETES).records
    assert isinstance(records, Table)
    assert len(records) == 442
    assert (records.numeric["age"].min(), records.numeric["age"].max()) == (19, 79)
    assert (records.target.min(), records.target.max()) == (25, 346)
    assert set(records.groups["sex"]) == {"1", "2"}


def test_every_shipped_value_lies_in_the_range_its_task_declares() -> None:
    for schema, records in (
        (BREAST_CANCER, bundled.breast_cancer(BREAST_CANCER).records),
        (DIABETES, bundled.diabetes(DIABETES).records),
    ):
        assert isinstance(records, Table)
        for feature in schema.numeric:
            values = records.numeric[feature.name]
            assert feature.minimum is None or values.min() >= feature.minimum
            assert feature.maximum is None or values.max() <= feature.maximum


def test_the_values_are_those_that_scikit_learn_itself_gives() -> None:
    from sklearn.datasets import load_breast_cancer, load_diabetes

    cancer, theirs = bundled.breast_cancer(BREAST_CANCER).records, load_breast_cancer()
    assert isinstance(cancer, Table)
    assert [feature.name for feature in BREAST_CANCER.numeric] == list(theirs.feature_names)
    np.testing.assert_array_equal(np.column_stack(list(cancer.numeric.values())), theirs.data)
    np.testing.assert_array_equal(cancer.target, 1 - theirs.target)

    records, theirs = bundled.diabetes(DIABETES).records, load_diabetes(scaled=False)
    assert isinstance(records, Table)
    assert tuple(theirs.feature_names) == bundled.DIABETES_COLUMNS
    for place, name in enumerate(theirs.feature_names):
        mine = records.categorical["sex"] + 1 if name == "sex" else records.numeric[name]
        np.testing.assert_array_equal(mine, theirs.data[:, place])
    np.testing.assert_array_equal(records.target, theirs.target)


def test_without_scikit_learn_the_file_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "find_spec", lambda name: None)
    with pytest.raises(FileMissing, match=r"breast_cancer\.csv"):
        bundled.breast_cancer(BREAST_CANCER)
