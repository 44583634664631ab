"""Dividing one set of records into institutions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.apportion import apportion
from fedcare.data.partition import HOSPITALS, divide, positive_counts
from fedcare.data.records import Images, Table
from fedcare.errors import BadPartition, TooFewInstitutions, TooFewRecords

SHARES = [0.30, 0.15, 0.10, 0.25, 0.20]
RATIOS = [0.25, 0.20, 0.15, 0.35, 0.30]


def table(target, groups=None, split=None) -> Table:
    target = np.asarray(target, dtype=np.float64)
    return Table(numeric={"age": target}, categorical={}, target=target, groups=groups or {}, split=split)


def binary(rows: int, positives: int) -> Table:
    return table(np.random.default_rng(0).permutation(np.arange(rows) < positives))


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(0, 5000))
def test_apportioned_parts_add_up_and_stay_within_one_of_their_share(shares, total):
    parts = apportion(shares, total)
    exact = np.array(shares) / sum(shares) * total
    assert parts.sum() == total
    assert np.abs(parts - exact).max() < 1 + 1e-6


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(40, 400),
    ratio=st.floats(0.05, 0.95),
    how=st.sampled_from(["hospitals", "iid", "iid:3", "dirichlet:0.1", "dirichlet:0.5:7", "dirichlet:100", "by:ward"]),
    seed=st.integers(0, 2**40),
    kind=st.sampled_from(["binary", "multiclass", "regression"]),
    with_split=st.booleans(),
)
def test_every_row_belongs_to_exactly_one_institution_and_the_seed_decides(rows, ratio, how, seed, kind, with_split):
    rng = np.random.default_rng(seed)
    target = {
        "binary": (rng.random(rows) < ratio).astype(float),
        "multiclass": rng.integers(0, 4, rows).astype(float),
        "regression": rng.normal(size=rows),
    }[kind]
    split = rng.choice(["train", "validation", "test"], rows) if with_split else None
    records = table(target, groups={"ward": np.array(["A", "B"])[np.arange(rows) % 2]}, split=split)
    institutions = divide(records, how, kind, seed)
    assert np.array_equal(np.sort(np.concatenate(list(institutions.values()))), np.arange(rows))
    again = divide(records, how, kind, seed)
    assert all(np.array_equal(institutions[name], again[name]) for name in institutions)


@settings(deadline=None, max_examples=60)
@given(st.integers(20, 3000), st.floats(0, 1), st.integers(0, 99))
def test_hospitals_keep_their_shares_and_the_number_of_positives(rows, ratio, seed):
    positives = round(rows * ratio)
    records = binary(rows, positives)
    institutions = divide(records, "hospitals", "binary", seed)
    sizes = np.array([len(institutions[hospital.name]) for hospital in HOSPITALS])
    counts = np.array([records.target[institutions[hospital.name]].sum() for hospital in HOSPITALS])
    assert np.abs(sizes - np.array(SHARES) * rows).max() < 1
    assert counts.sum() == positives
    assert np.array_equal(counts, positive_counts(sizes, positives))


def test_the_five_hospitals_have_the_ratios_of_the_study_at_its_pooled_ratio():
    records = binary(2000, 535)
    institutions = divide(records, "hospitals", "binary", 1)
    found = [records.target[rows].mean() for rows in institutions.values()]
    assert list(institutions) == [
        "Urban Hospital",
        "Rural Hospital",
        "Children's Hospital",
        "Cancer Center",
        "General Hospital",
    ]
    assert found == pytest.approx(RATIOS, abs=0.006)


def test_ratios_stay_proportional_until_one_would_exceed_one_and_then_the_order_holds():
    sizes = np.array([3000, 1500, 1000, 2500, 2000])
    proportional = positive_counts(sizes, 7000) / sizes
    assert proportional / proportional[0] == pytest.approx(np.array(RATIOS) / 0.25, rel=0.01)
    crowded = positive_counts(sizes, 9000) / sizes
    assert crowded.max() < 1
    assert np.array_equal(np.argsort(crowded), np.argsort(RATIOS))
    assert np.array_equal(positive_counts(sizes, 10_000), sizes)
    assert not positive_counts(sizes, 0).any()


def test_each_hospital_gets_its_share_of_each_part_of_a_file_with_its_own_splits():
    rows = np.arange(3000)
    split = np.where(rows < 2000, "train", np.where(rows < 2500, "validation", "test"))
    records = Images(np.zeros((3000, 28, 28), np.uint8), (rows % 3 == 0).astype(float), split=split)
    institutions = divide(records, "hospitals", "binary", 3)
    for part, size in (("train", 2000), ("validation", 500), ("test", 500)):
        sizes = [(split[institutions[h.name]] == part).sum() for h in HOSPITALS]
        assert sizes == pytest.approx(np.array(SHARES) * size, abs=1)


def test_smaller_alpha_means_stronger_label_skew():
    records = binary(2000, 1000)

    def spread(how):
        return np.std([records.target[rows].mean() for rows in divide(records, how, "binary", 5).values()])

    assert spread("dirichlet:0.1:10") > spread("dirichlet:1:10") > spread("dirichlet:1000:10")


@settings(deadline=None, max_examples=40)
@given(st.integers(60, 600), st.sampled_from(["0.01", "0.1", "0.5", "10"]), st.integers(2, 12), st.integers(0, 10**6))
def test_label_skew_leaves_no_institution_without_enough_rows_or_without_a_class(rows, alpha, count, seed):
    records = binary(rows, rows // 2)
    institutions = divide(records, f"dirichlet:{alpha}:{count}", "binary", seed)
    assert len(institutions) == count
    assert min(len(rows) for rows in institutions.values()) >= min(5, rows // count)
    assert all(len(np.unique(records.target[rows])) == 2 for rows in institutions.values())


def test_label_skew_of_a_number_goes_by_its_deciles():
    records = table(np.random.default_rng(1).lognormal(size=1000))
    means = [np.log(records.target[rows]).mean() for rows in divide(records, "dirichlet:0.1", "regression", 2).values()]
    assert np.std(means) > 0.3


def test_a_column_divides_by_its_values_whatever_its_case():
    records = table(np.arange(6), groups={"Clinic": np.array(["NY", "KY", "NY", "MN", "KY", "NY"])})
    institutions = divide(records, "by:clinic", "regression", 0)
    assert {name: rows.tolist() for name, rows in institutions.items()} == {"KY": [1, 4], "MN": [3], "NY": [0, 2, 5]}


def test_another_seed_gives_another_division():
    records = binary(200, 60)
    first, second = (divide(records, "hospitals", "binary", seed)["Cancer Center"] for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("by:nowhere", "Clinic"),
        ("nonsense", "dirichlet:A"),
        ("hospitals:6", "hospitals"),
        ("iid:two", "number of institutions"),
        ("iid:-1", "number of institutions"),
        ("dirichlet", "dirichlet:A"),
        ("dirichlet:x", "dirichlet:0.5"),
        ("dirichlet:nan", "dirichlet:0.5"),
        ("dirichlet:0", "dirichlet:0.5"),
        ("files", "folder"),
        ("", "hospitals"),
    ],
)
def test_an_impossible_division_says_what_is_possible(how, reason):
    records = table(np.arange(20) % 2, groups={"Clinic": np.array(["NY", "KY"] * 10)})
    with pytest.raises(BadPartition, match=reason):
        divide(records, how, "binary", 0)


def test_one_institution_is_no_federation():
    records = table(np.arange(20) % 2, groups={"Clinic": np.array(["NY"] * 20)})
    for how in ("iid:1", "iid:0", "dirichlet:0.5:1", "by:Clinic"):
        with pytest.raises(TooFewInstitutions):
            divide(records, how, "binary", 0)


def test_too_few_rows_to_divide_are_refused():
    for rows in (0, 1, 4):
        with pytest.raises(TooFewRecords):
            divide(table(np.zeros(rows)), "iid", "binary", 0)


def test_the_real_x_rays_are_divided_as_the_study_says(real_data):
    with np.load(real_data / "pneumoniamnist" / "pneumoniamnist_28.npz") as file:
        target = np.concatenate([file[f"{part}_labels"].reshape(-1) for part in ("train", "val", "test")])
        split = np.repeat(["train", "validation", "test"], [len(file[f"{p}_labels"]) for p in ("train", "val", "test")])
    records = table(target, split=split)
    institutions = divide(records, "hospitals", "binary", 42)
    in_training = {name: rows[split[rows] == "train"] for name, rows in institutions.items()}
    assert [len(rows) for rows in in_training.values()] == pytest.approx(np.array(SHARES) * 4708, abs=1)
    ratios = np.array([target[rows].mean() for rows in in_training.values()])
    assert ratios / ratios[0] == pytest.approx(np.array(RATIOS) / 0.25, rel=0.01)
