from fedcare.data.records import Table
from fedcare.data.sources import bundled
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
