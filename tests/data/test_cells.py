import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.cells import category_reader, is_mangled, listed, numeric_reader, shown, target_reader
from fedcare.data.schema import CategoricalFeature, NumericFeature, Target
from fedcare.errors import BadValue

MISSING = ("", "?", "NA")


def age(**keys: object) -> NumericFeature:
    return NumericFeature(name="age", unit="years", minimum=0, maximum=130, **keys)


def smoker(**keys: object) -> CategoricalFeature:
    return CategoricalFeature(name="smoker", categories=("no", "yes"), **keys)


@pytest.mark.parametrize(("text", "value"), [("40", 40.0), (" 40.5\t", 40.5), ("4e1", 40.0), (".5", 0.5), ("+3.", 3.0)])
def test_a_plain_number_is_read_with_its_outer_spaces_cut(text: str, value: float) -> None:
    assert numeric_reader(age(), MISSING)(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("forty", "'forty' is not a number"),
        ("1,234", "without commas"),
        ("27,9", "without commas"),
        ("inf", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("nan", "not a finite number"),
        ("1_000", "not a number"),
        ("0x10", "not a number"),
        ("٤٠", "not a number"),
        ("40\0", "NUL"),
        ("4\udce90", "UTF-8"),
        ("1e300", "too large"),
        ("-1", "below the least possible, 0 years"),
        ("131", "above the greatest possible, 130 years"),
    ],
)
def test_what_is_no_number_in_range_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        numeric_reader(age(), MISSING)(text)


def test_a_caller_may_accept_numbers_outside_the_range() -> None:
    assert numeric_reader(age(), MISSING, check_range=False)("131") == 131.0


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(BadValue, match="not a whole number"):
        numeric_reader(age(integer=True), MISSING)("2.5")


@pytest.mark.parametrize("text", ["", "  ", "?", " NA "])
def test_a_missing_number_is_nan_where_the_feature_imputes_and_refused_where_not(text: str) -> None:
    assert math.isnan(numeric_reader(age(impute="mean"), MISSING)(text))
    with pytest.raises(BadValue, match="missing"):
        numeric_reader(age(), MISSING)(text)


def test_a_blank_is_missing_even_where_the_task_forgot_to_say_so() -> None:
    assert math.isnan(numeric_reader(age(impute="mean"), ())(" "))


def test_categories_are_compared_without_case_and_outer_spaces() -> None:
    assert [smoker_place(text) for text in ("no", " YES ", "Yes")] == [0, 1, 1]


def smoker_place(text: str) -> int:
    return category_reader(smoker(), MISSING)(text)


def test_an_unknown_category_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(BadValue, match="'maybe' is not one of no, yes"):
        smoker_place("maybe")


def test_an_unknown_category_counts_as_missing_where_the_task_says_so() -> None:
    assert category_reader(smoker(unknown="missing", impute="own-category"), MISSING)("maybe") == -1


def test_a_declared_category_is_not_missing_though_its_text_could_be() -> None:
    feature = CategoricalFeature(name="stage", categories=("NA", "early"))
    assert category_reader(feature, MISSING)("NA") == 0


def test_a_numbered_category_is_known_as_programs_export_it() -> None:
    feature = CategoricalFeature(name="code", categories=("1", "2"))
    assert category_reader(feature, MISSING)("2.0") == 1


def test_a_missing_target_is_refused() -> None:
    with pytest.raises(BadValue, match="target is missing"):
        target_reader(Target(name="cost", kind="regression"), MISSING)("?")


def test_a_class_is_read_as_its_place() -> None:
    reader = target_reader(Target(name="outcome", kind="binary", classes=("No", "Yes")), MISSING)
    assert reader("yes ") == 1.0
    with pytest.raises(BadValue, match="'2' is not one of No, Yes"):
        reader("2")


def test_a_numeric_target_keeps_its_range() -> None:
    with pytest.raises(BadValue, match="below the least possible, 0 dollars"):
        target_reader(Target(name="cost", kind="regression", unit="dollars", minimum=0), MISSING)("-1")


def test_long_and_unprintable_text_is_shown_short_and_safe() -> None:
    assert len(shown("x" * 500)) <= 42
    shown("caf\udce9").encode("utf-8")
    assert listed([str(i) for i in range(10)], 3) == "0, 1, 2 and 7 more"


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_value_or_a_reason(text: str) -> None:
    for reader in (numeric_reader(age(impute="mean"), MISSING), category_reader(smoker(), MISSING)):
        try:
            value = reader(text)
        except BadValue as error:
            str(error).encode("utf-8")
        else:
            assert math.isnan(value) or math.isfinite(value)


@settings(deadline=None)
@given(st.binary(max_size=20))
def test_bytes_that_are_not_utf8_are_noticed(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    try:
        raw.decode("utf-8")
        broken = b"\0" in raw
    except UnicodeDecodeError:
        broken = True
    assert is_mangled(text) == broken
