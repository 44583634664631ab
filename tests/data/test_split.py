"""Parts of one institution's records."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.records import Table
from fedcare.data.split import institution
from fedcare.errors import OneClassOnly, TooFewRecords


def table(target, split=None) -> Table:
    target = np.asarray(target, dtype=np.float64)
    row = np.arange(len(target), dtype=np.float64)
    return Table(numeric={"row": row}, categorical={}, target=target, split=split)


def rows(part: Table) -> list[int]:
    return part.numeric["row"].astype(int).tolist()


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=10, max_size=200), st.integers(0, 2**40))
def test_a_fifth_validates_and_no_row_is_lost_or_used_twice(labels, seed):
    records = table([*labels, 0, 1])
    parts = institution("Urban Hospital", records, "multiclass", seed)
    assert sorted(rows(parts.train) + rows(parts.validation)) == list(range(len(records)))
    assert abs(len(parts.validation) - 0.2 * len(records)) <= 4
    assert parts.test is None


def test_classes_keep_their_proportion_in_both_parts():
    parts = institution("A", table(np.arange(500) % 10 == 0), "binary", 7)
    assert len(parts.validation) == 100
    assert parts.validation.target.sum() == 10
    assert parts.train.target.sum() == 40


def test_a_class_with_a_single_row_stays_in_training():
    parts = institution("A", table([0] * 30 + [1]), "binary", 7)
    assert parts.train.target.sum() == 1


def test_deciles_of_a_number_keep_their_proportion():
    target = np.random.default_rng(0).lognormal(size=1000)
    parts = institution("A", table(target), "regression", 7)
    assert np.median(parts.validation.target) == pytest.approx(np.median(target), rel=0.05)


def test_the_seed_and_the_name_decide():
    records = table(np.arange(100) % 2)
    first, again = (rows(institution("A", records, "binary", 1).validation) for _ in range(2))
    assert first == again
    assert first != rows(institution("A", records, "binary", 2).validation)
    assert first != rows(institution("B", records, "binary", 1).validation)


def test_the_files_own_parts_are_kept():
    split = np.array(["train", "validation", "test", "train", "train", "validation", "test", "train"])
    parts = institution("A", table([0, 1, 0, 1, 0, 0, 1, 1], split), "binary", 1)
    assert (rows(parts.train), rows(parts.validation), rows(parts.test)) == ([0, 3, 4, 7], [1, 5], [2, 6])


def test_a_file_without_validation_rows_gives_a_fifth_of_its_training_rows():
    split = np.array(["train"] * 20 + ["test"] * 5)
    parts = institution("A", table(np.arange(25) % 2, split), "binary", 1)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (16, 4, 5)
    assert max(rows(parts.validation)) < 20


def test_too_few_rows_are_refused_by_name():
    with pytest.raises(TooFewRecords, match="Rural Hospital has 4"):
        institution("Rural Hospital", table([0, 1, 0, 1]), "binary", 1)
    with pytest.raises(TooFewRecords):
        institution("A", table(np.arange(9) % 2, np.array(["test"] * 9)), "binary", 1)


def test_an_institution_with_a_single_class_is_refused_by_name():
    with pytest.raises(OneClassOnly, match="Rural Hospital"):
        institution("Rural Hospital", table(np.ones(50)), "binary", 1)


def test_all_distinct_numbers_are_still_divided():
    parts = institution("A", table(np.arange(6)), "regression", 1)
    assert len(parts.validation) == 1


@settings(deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 79))
def test_decided_alone_a_record_more_changes_no_other_records_part(seed, extra):
    target = np.arange(80) % 3
    whole = institution("A", table(target), "multiclass", seed, alone=True)
    kept = np.flatnonzero(np.arange(80) != extra)
    without = institution("A", table(target).take(kept), "multiclass", seed, alone=True)
    assert set(rows(whole.validation)) - set(rows(without.validation)) <= {extra}
    assert set(rows(without.validation)) <= set(rows(whole.validation))
    assert set(rows(without.train)) <= set(rows(whole.train))


def test_decided_alone_a_record_goes_the_same_way_wherever_it_stands():
    records = table(np.arange(200) % 2)
    backwards = records.take(np.arange(200)[::-1].copy())
    one, other = (institution("A", each, "binary", 5, alone=True) for each in (records, backwards))
    assert sorted(rows(one.validation)) == sorted(rows(other.validation))
    assert 20 < len(one.validation) < 60


def test_decided_alone_one_class_is_no_reason_to_refuse():
    assert len(institution("A", table(np.zeros(50)), "binary", 1, alone=True).train) > 0
