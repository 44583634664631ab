"""Preprocessing without a look at any record."""

import pytest

from fedcare.data.declared import declared
from fedcare.data.schema import CategoricalFeature, ImageSchema, NumericFeature, TableSchema, Target
from fedcare.errors import BadSetting

NUMBER = Target(name="cost", kind="regression", usual=(0, 100))


def test_a_feature_is_scaled_by_where_its_values_usually_lie_else_by_its_range():
    features = (
        NumericFeature(name="age", minimum=0, maximum=130, usual=(20, 60)),
        NumericFeature(name="dose", minimum=-2, maximum=6),
    )
    found = declared(TableSchema(target=NUMBER, numeric=features))
    assert found.means == (40.0, 2.0)
    assert found.scales == (10.0, 2.0)
    assert (found.target_mean, found.target_scale) == (50.0, 25.0)


def test_a_missing_category_becomes_the_first_declared():
    sex = CategoricalFeature(name="sex", categories=("female", "male"), impute="most-frequent")
    assert declared(TableSchema(target=NUMBER, categorical=(sex,))).frequent == (0,)


def test_features_without_a_range_are_named_with_the_target():
    features = (NumericFeature(name="age", minimum=0), NumericFeature(name="bmi", usual=(18, 40)))
    schema = TableSchema(target=Target(name="cost", kind="regression", minimum=0), numeric=features)
    with pytest.raises(BadSetting, match="for age, cost, and to ask"):
        declared(schema)


def test_images_need_no_declaration():
    target = Target(name="label", kind="binary", classes=("no", "yes"))
    found = declared(ImageSchema(target=target, image_size=28))
    assert (found.input_mean, found.input_scale) == (0.5, 0.25)


def test_a_usual_range_begins_with_its_lower_end():
    with pytest.raises(ValueError, match="lower end comes first"):
        NumericFeature(name="age", usual=(60, 20))
