from pathlib import Path

import pytest

from fedcare.data.schema import NumericFeature, TableSchema, Target
from fedcare.data.sources.columns import Columns, match_columns
from fedcare.errors import BadRecords

SCHEMA = TableSchema(
    target=Target(name="cost", kind="regression", aliases=("charges", "fee")),
    numeric=(NumericFeature(name="age"), NumericFeature(name="Body Mass")),
)


def matched(*header: str) -> Columns:
    return match_columns(header, SCHEMA, Path("file.csv"), "a-task")


def test_columns_are_found_by_name_in_any_case_and_order() -> None:
    found = matched("note", " COST", "body mass ", "Age")
    assert found.place == {"cost": 1, "Body Mass": 2, "age": 3}
    assert found.ignored == ("note",)
    assert found.names() == {"note": 0, "cost": 1, "Body Mass": 2, "age": 3}


def test_the_targets_own_name_wins_over_its_aliases() -> None:
    assert matched("fee", "charges", "cost", "age", "Body Mass").place["cost"] == 2
    assert matched("fee", "charges", "age", "Body Mass").place["cost"] == 1


def test_undeclared_columns_may_stand_twice_or_have_no_name() -> None:
    found = matched("x", "x", "", "", "cost", "age", "Body Mass")
    assert set(found.names()) == {"cost", "age", "Body Mass"}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (("age", "Body Mass"), "no column 'cost' or 'charges' or 'fee' to learn from"),
        (("cost", "age"), "the column is missing: 'Body Mass'"),
        (("cost", "age", "Body_Mass"), "Is 'Body_Mass' meant for 'Body Mass'?"),
        (("cost", "cost", "age", "Body Mass"), "more than one column could be 'cost'"),
        (("cost", "AGE", "Age", "Body Mass"), "more than one column could be 'age': 'AGE', 'Age'"),
    ],
)
def test_what_is_absent_or_ambiguous_is_named(header: tuple[str, ...], reason: str) -> None:
    with pytest.raises(BadRecords) as caught:
        matched(*header)
    assert reason in str(caught.value)
