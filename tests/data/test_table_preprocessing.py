import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.preprocessing import add_up, fit, preprocessing_from_json, statistics, statistics_size
from fedcare.data.records import Images, Table
from fedcare.data.schema import CategoricalFeature, ImageSchema, NumericFeature, TableSchema, Target
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.errors import BadUpdate, BadValue

SCHEMA = TableSchema(
    target=Target(name="cost", kind="regression"),
    numeric=(
        NumericFeature(name="age", minimum=0, maximum=130, impute="mean"),
        NumericFeature(name="weight", impute=70.0),
    ),
    categorical=(
        CategoricalFeature(name="sex", categories=("female", "male"), impute="most-frequent"),
        CategoricalFeature(name="ward", categories=("A", "B", "C"), impute="own-category"),
        CategoricalFeature(name="smoker", categories=("no", "yes"), impute="no"),
    ),
)
STRICT = TableSchema(
    target=Target(name="outcome", kind="binary", classes=("no", "yes")),
    numeric=(NumericFeature(name="age"),),
    categorical=(CategoricalFeature(name="sex", categories=("female", "male")),),
)

# Few examples of many rows each; no deadline, since a busy machine is not a failure.
few = settings(max_examples=25, deadline=None)

Row = tuple[float, float, int, int, int, float]
row = st.tuples(
    st.one_of(st.just(float("nan")), st.floats(0, 130)),
    st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)),
    st.integers(-1, 1),
    st.integers(-1, 2),
    st.integers(-1, 1),
    st.floats(-1e6, 1e6),
)
institutions = st.lists(st.lists(row, min_size=1, max_size=8), min_size=1, max_size=4)


def table(rows: Sequence[Row]) -> Table:
    age, weight, sex, ward, smoker, cost = (np.array(column) for column in zip(*rows, strict=True))
    return Table(
        numeric={"age": age.astype(float), "weight": weight.astype(float)},
        categorical={"sex": sex, "ward": ward, "smoker": smoker},
        target=cost.astype(float),
    )


def strict(ages: Sequence[float], sexes: Sequence[int]) -> Table:
    zeros = np.zeros(len(ages))
    return Table(numeric={"age": np.array(ages, float)}, categorical={"sex": np.array(sexes)}, target=zeros)


def fitted(schema: TableSchema, *tables: Table) -> TablePreprocessing:
    preprocessing = fit(schema, add_up([statistics(schema, each) for each in tables]))
    assert isinstance(preprocessing, TablePreprocessing)
    return preprocessing


# -- the federation's statistics ---------------------------------------------------------------------------------------


@few
@given(institutions)
def test_the_federations_statistics_are_those_of_the_pooled_rows(parts: list[list[Row]]) -> None:
    pooled = table([row for part in parts for row in part])
    federated = fitted(SCHEMA, *map(table, parts))
    for place, name in enumerate(("age", "weight")):
        present = pooled.numeric[name][~np.isnan(pooled.numeric[name])]
        if not len(present):
            continue
        size = np.abs(present - 65 * (name == "age")).max()
        assert federated.means[place] == pytest.approx(present.mean(), abs=1e-12 * (1 + np.abs(present).max()))
        deviation = present.std()
        if deviation > 1e-5 * size:
            assert federated.scales[place] == pytest.approx(deviation, rel=1e-4)
    assert federated.target_mean == pytest.approx(pooled.target.mean(), abs=1e-6)


@few
@given(institutions, st.randoms())
def test_the_result_is_the_same_bits_in_whatever_order_institutions_answer_and_rows_stand(parts, random) -> None:
    first = fitted(SCHEMA, *map(table, parts))
    shuffled = [random.sample(part, len(part)) for part in random.sample(parts, len(parts))]
    assert fitted(SCHEMA, *map(table, shuffled)) == first


@few
@given(institutions)
def test_what_leaves_an_institution_is_sums_and_counts_of_one_length(parts: list[list[Row]]) -> None:
    for part in parts:
        answer = statistics(SCHEMA, table(part))
        assert answer.shape == (statistics_size(SCHEMA),)
        assert answer.dtype == np.float64


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    schema = STRICT.model_copy(update={"numeric": (NumericFeature(name="age", minimum=1e9, maximum=1e9 + 10),)})
    ages = [1e9 + step / 1000 for step in range(11)]
    assert fitted(schema, strict(ages, [0] * 11)).scales[0] == pytest.approx(np.std(np.arange(11)) / 1000, rel=1e-5)


@few
@given(st.floats(-1e12, 1e12), st.integers(1, 50))
def test_a_constant_feature_keeps_its_unit(value: float, count: int) -> None:
    preprocessing = fitted(STRICT, strict([value] * count, [0] * count))
    assert preprocessing.scales == (1.0,)
    assert np.abs(preprocessing.inputs(strict([value], [0]))[0, 0]) <= 1e-3


def test_a_value_far_outside_a_very_small_spread_stays_finite() -> None:
    some = table([(40, weight, 0, 0, 0, 0) for weight in (np.nan, 0.0, 1e-38)])
    assert np.isfinite(fitted(SCHEMA, some).inputs(some)).all()


def test_a_feature_that_nobody_recorded_is_no_obstacle() -> None:
    nothing = table([(np.nan, np.nan, -1, -1, -1, 1.0)] * 3)
    assert fitted(SCHEMA, nothing).means == (65.0, 0.0)
    assert np.isfinite(fitted(SCHEMA, nothing).inputs(nothing)).all()


def test_an_institution_without_rows_changes_nothing() -> None:
    some = strict([20, 40], [0, 1])
    assert fitted(STRICT, some, some.take(np.array([], dtype=np.int64))) == fitted(STRICT, some)


@pytest.mark.parametrize("totals", [np.zeros(3), np.full(7, np.nan), np.full(7, np.inf)])
def test_totals_of_the_wrong_length_or_not_finite_are_refused(totals: np.ndarray) -> None:
    with pytest.raises(BadUpdate):
        fit(STRICT, totals)


def test_answers_of_unequal_length_are_refused() -> None:
    with pytest.raises(BadUpdate):
        add_up([np.zeros(3), np.zeros(4)])


# -- the same inputs everywhere ----------------------------------------------------------------------------------------


def test_inputs_stand_in_schema_order() -> None:
    preprocessing = fitted(STRICT, strict([20, 40], [0, 1]))
    assert preprocessing.feature_names == ("age", "sex=female", "sex=male")
    np.testing.assert_array_equal(preprocessing.inputs(strict([20, 40], [0, 1])), [[-1, 1, 0], [1, 0, 1]])
    assert preprocessing.inputs(strict([20, 40], [0, 1])).dtype == np.float32


def test_missing_values_get_the_answer_that_the_schema_declares() -> None:
    known = table([(20, 60, 1, 0, 1, 0), (40, 80, 1, 1, 1, 0), (60, 100, 0, 2, 1, 0)])
    preprocessing = fitted(SCHEMA, known)
    inputs = dict(
        zip(preprocessing.feature_names, preprocessing.inputs(table([(np.nan, np.nan, -1, -1, -1, 0)]))[0], strict=True)
    )
    assert inputs["age"] == 0.0  # the federation's mean
    assert inputs["weight"] == pytest.approx((70 - 80) / np.std([60, 80, 100]))  # the declared number
    assert (inputs["sex=female"], inputs["sex=male"]) == (0, 1)  # the most frequent
    assert [inputs[f"ward={name}"] for name in ("A", "B", "C", "(missing)")] == [0, 0, 0, 1]  # a category of its own
    assert (inputs["smoker=no"], inputs["smoker=yes"]) == (1, 0)  # the declared category


def test_of_equally_frequent_categories_the_first_is_taken() -> None:
    assert fitted(SCHEMA, table([(1, 1, 1, 0, 0, 0), (1, 1, 0, 0, 0, 0)])).frequent[0] == 0


@pytest.mark.parametrize(("age", "sex", "field"), [(float("nan"), 0, "age"), (20.0, -1, "sex")])
def test_a_missing_value_is_refused_where_the_schema_says_so(age: float, sex: int, field: str) -> None:
    preprocessing = fitted(STRICT, strict([20, 40], [0, 1]))
    with pytest.raises(BadValue, match=field):
        preprocessing.inputs(strict([age], [sex]))


@few
@given(institutions)
def test_each_category_is_one_hot_and_every_input_finite(parts: list[list[Row]]) -> None:
    preprocessing = fitted(SCHEMA, *map(table, parts))
    for part in parts:
        inputs = preprocessing.inputs(table(part))
        assert inputs.shape == (len(part), len(preprocessing.feature_names))
        assert np.isfinite(inputs).all()
        for start, width in ((2, 2), (4, 4), (8, 2)):
            np.testing.assert_array_equal(inputs[:, start : start + width].sum(axis=1), 1)


@few
@given(institutions)
def test_a_row_becomes_the_same_input_whichever_institution_holds_it(parts: list[list[Row]]) -> None:
    preprocessing = fitted(SCHEMA, *map(table, parts))
    pooled = preprocessing.inputs(table([row for part in parts for row in part]))
    separate = np.concatenate([preprocessing.inputs(table(part)) for part in parts])
    np.testing.assert_array_equal(pooled, separate)


@few
@given(institutions)
def test_json_gives_back_the_very_same_preprocessing(parts: list[list[Row]]) -> None:
    preprocessing = fitted(SCHEMA, *map(table, parts))
    again = preprocessing_from_json(json.loads(json.dumps(preprocessing.to_json(), allow_nan=False)))
    assert again == preprocessing
    rows = table(parts[0])
    np.testing.assert_array_equal(again.inputs(rows), preprocessing.inputs(rows))


# -- targets -----------------------------------------------------------------------------------------------------------


@few
@given(institutions)
def test_a_numeric_target_returns_to_its_unit(parts: list[list[Row]]) -> None:
    pooled = table([row for part in parts for row in part])
    preprocessing = fitted(SCHEMA, pooled)
    standardised = preprocessing.targets(pooled)
    assert standardised.dtype == np.float32
    span = np.abs(pooled.target).max() + np.abs(pooled.target - pooled.target.mean()).max()
    np.testing.assert_allclose(preprocessing.to_unit(standardised), pooled.target, atol=1e-6 * span + 1e-9)


def test_a_class_target_stays_a_class() -> None:
    preprocessing = fitted(STRICT, strict([20, 40], [0, 1]))
    targets = preprocessing.targets(strict([20], [0]))
    assert (targets.dtype, targets.tolist()) == (np.int64, [0])
    assert (preprocessing.target_mean, preprocessing.target_scale) == (0.0, 1.0)


# -- tables and images do not mix --------------------------------------------------------------------------------------


def test_images_and_tables_are_not_mistaken_for_one_another() -> None:
    images = Images(pixels=np.zeros((1, 28, 28), dtype=np.uint8), target=np.zeros(1))
    schema = ImageSchema(target=Target(name="label", kind="binary", classes=("no", "yes")), image_size=28)
    with pytest.raises(BadValue, match="table belongs here"):
        statistics(STRICT, images)
    with pytest.raises(BadValue, match="images belong here"):
        statistics(schema, strict([20], [0]))
    assert statistics(schema, images).shape == (statistics_size(schema),)
