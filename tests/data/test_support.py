"""What the training rows cover: coarse, additive, and without any patient's extreme value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.data.preprocessing import add_up, fit, preprocessing_from_json, statistics, support_counts, support_size
from fedcare.data.preprocessing import with_support as told
from fedcare.data.records import Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.data.support import LEAST, TAIL, axis
from fedcare.data.table_preprocessing import TablePreprocessing

SCHEMA = TableSchema(
    target=Target(name="cost", kind="regression"),
    numeric=(
        NumericFeature(name="age", minimum=0, maximum=130, integer=True),
        NumericFeature(name="pressure"),
    ),
    categorical=(CategoricalFeature(name="ward", categories=("a", "b", "c"), impute="own-category"),),
)


def rows(count, seed=0, oldest=64):
    rng = np.random.default_rng(seed)
    return Table(
        numeric={"age": rng.integers(18, oldest + 1, count).astype(float), "pressure": rng.normal(120, 15, count)},
        categorical={"ward": rng.integers(0, 2, count)},
        target=rng.normal(size=count),
    )


def covered(*institutions):
    preprocessing = fit(SCHEMA, add_up(statistics(SCHEMA, each) for each in institutions))
    return told(preprocessing, add_up(support_counts(preprocessing, each) for each in institutions))


def test_where_rows_end_abruptly_the_seen_range_ends_within_a_bin():
    low, high = covered(rows(500), rows(500, 1)).support.ranges["age"]
    assert 16 <= low <= 18 and 64 <= high <= 66
    assert low == int(low) and high == int(high)


def test_where_rows_thin_out_hardly_a_new_row_lies_outside():
    low, high = covered(rows(1000)).support.ranges["pressure"]
    new = np.random.default_rng(9).normal(120, 15, 100_000)
    assert ((new < low) | (new > high)).mean() < 0.005
    assert 55 < low < 85 and 155 < high < 185


@pytest.mark.parametrize("outliers", [1, 2])
def test_one_or_two_patients_beyond_the_others_change_nothing(outliers):
    table = rows(1000)
    table.numeric["age"][:outliers] = 110
    without = rows(1000)
    without.numeric["age"][:outliers] = 64
    preprocessing = fit(SCHEMA, statistics(SCHEMA, without))
    ranges = [told(preprocessing, support_counts(preprocessing, each)).support.ranges for each in (table, without)]
    assert ranges[0] == ranges[1]


def test_an_institution_never_tells_more_than_a_few_rows_of_a_bin():
    preprocessing = covered(rows(1000))
    counts = support_counts(preprocessing, rows(1000))
    assert counts.shape == (support_size(preprocessing),)
    assert counts.max() == TAIL


def test_rows_divided_among_institutions_cover_the_same():
    whole = rows(300)
    parts = [whole.take(np.arange(start, 300, 7)) for start in range(7)]
    # Each institution's caps bind at other places; the ends of the range do not depend on them.
    assert covered(whole).support == covered(*parts).support


def test_a_category_of_too_few_rows_was_not_seen():
    table = rows(200)
    table.categorical["ward"][: LEAST - 1] = 2
    assert covered(table).support.rare == {"ward": ("c",)}
    table.categorical["ward"][LEAST - 1] = 2
    assert covered(table).support.rare == {"ward": ()}


def test_missing_values_count_nowhere_and_too_few_values_say_nothing():
    table = rows(50)
    table.numeric["pressure"][2:] = np.nan
    assert set(covered(table).support.ranges) == {"age"}


def test_it_is_stored_to_the_last_bit_and_a_version_without_it_is_read():
    preprocessing = covered(rows(200))
    assert preprocessing_from_json(preprocessing.to_json()) == preprocessing
    old = preprocessing.to_json()
    del old["support"]
    assert isinstance(preprocessing_from_json(old), TablePreprocessing)
    assert preprocessing_from_json(old).support is None


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=LEAST, max_size=60),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e4),
    st.booleans(),
    st.booleans(),
)
def test_the_third_of_each_end_lies_inside_whatever_the_values(values, mean, scale, is_whole, declared):
    found = np.sort(np.round(values) if is_whole else np.array(values))
    ends = (-1e6, 1e6) if declared else (None, None)
    bins = axis(mean, scale, *ends, is_whole)
    # Undeclared values beyond fifty deviations are no values of a feature of this deviation.
    found = np.clip(found, bins.least, bins.most)
    low, high = bins.seen(bins.counts(found))
    third = sorted((found[LEAST - 1], found[-LEAST]))
    slack = 1e-6 * bins.width
    assert low - slack <= third[0] and third[1] <= high + slack
