"""Counts of absolute errors: what leaves an institution so that intervals can be made."""

import numpy as np
import pytest

from fedcare.tasks.registry import get
from fedcare.training import residuals
from fedcare.training.residuals import BINS, EDGES, apart, groupings, residuals_by_group

SCHEMA = get("insurance-cost").records


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    inputs = np.zeros((300, 12), np.float32)
    inputs[:, :3] = rng.normal(size=(300, 3))
    for each in groupings(SCHEMA):
        inputs[np.arange(300), each.start + rng.integers(0, len(each.categories), 300)] = 1.0
    targets = rng.normal(size=300)
    outputs = (targets + rng.normal(size=300))[:, None].astype(np.float32)
    return outputs, targets, inputs, rng.integers(0, 3, 300)


def test_every_categorical_feature_can_divide_the_rows_and_a_missing_one_is_a_category():
    assert [(each.feature, each.start) for each in groupings(SCHEMA)] == [("sex", 3), ("smoker", 5), ("region", 7)]
    assert groupings(SCHEMA)[2].categories[-1] == residuals.MISSING
    assert groupings(get("cancer-imaging").records) == ()


def test_the_sums_of_parts_add_up_to_those_of_the_whole(rows):
    outputs, targets, inputs, groups = rows
    parts = residuals_by_group(SCHEMA, outputs, targets, inputs, groups, 3)
    whole = residuals_by_group(SCHEMA, outputs, targets, inputs, np.zeros(300, np.int64), 1)
    assert parts.shape == (3, residuals.size(SCHEMA))
    np.testing.assert_allclose(parts.sum(axis=0), whole[0], atol=1e-9)


def test_each_row_is_counted_once_in_all_and_once_by_feature(rows):
    outputs, targets, inputs, _ = rows
    counted = apart(SCHEMA, residuals_by_group(SCHEMA, outputs, targets, inputs, np.zeros(300, np.int64), 1)[0])
    assert counted.everybody.sum() == 300
    for each in groupings(SCHEMA):
        np.testing.assert_array_equal(counted.categories[each.feature].sum(axis=0), counted.everybody)
        columns = inputs[:, each.columns].astype(float)
        np.testing.assert_array_equal(counted.categories[each.feature].sum(axis=1), columns.sum(axis=0))
        np.testing.assert_allclose(counted.targets[each.feature], columns.T @ targets)
    assert counted.target == pytest.approx(targets.sum())
    assert counted.squares == pytest.approx((targets**2).sum())


def test_a_bin_holds_the_errors_between_its_edges():
    errors = np.array([0.0, 1e-4, 0.3, 1.0, 30.0, 1e9, np.inf, np.nan])
    sums = residuals_by_group(
        get("diabetes").records.model_copy(update={"categorical": ()}),
        errors[:, None], np.zeros(8), np.zeros((8, 10)), np.zeros(8, np.int64), 1,
    )[0]  # fmt: skip
    for error in errors[:5]:
        place = np.searchsorted(EDGES, error, "right") - 1
        assert sums[place] >= 1
    assert sums[BINS - 1] == 3
    wide = np.diff(EDGES)[100:] / EDGES[100:-1]
    assert wide.max() < 0.03
