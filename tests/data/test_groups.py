from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.sources.groups import MOST_COLUMNS, MOST_DISTINCT, GroupColumns


def collected(rows: list[list[str]], names: dict[str, int], wanted: tuple[str, ...] = ()) -> dict[str, list[str]]:
    groups = GroupColumns(names, {"", "?"}, wanted)
    for row in rows:
        groups.add(row)
    return {name: array.tolist() for name, array in groups.arrays().items()}


def test_outer_spaces_do_not_make_another_group() -> None:
    assert collected([["A "], [" A"], ["B"]], {"site": 0}) == {"site": ["A", "A", "B"]}


def test_a_column_with_a_missing_text_or_a_single_one_is_no_group() -> None:
    assert collected([["A", "x"], ["?", "x"], ["B", "x"]], {"gap": 0, "constant": 1}) == {}


def test_only_the_dividing_column_is_kept_with_a_single_text() -> None:
    groups = GroupColumns({"site": 0, "smoker": 1}, {""}, wanted=("smoker",), divide_by="site")
    for _ in range(3):
        groups.add(["A", "no"])
    assert {name: array.tolist() for name, array in groups.arrays().items()} == {"site": ["A"] * 3}


def test_two_hundred_distinct_texts_are_the_most() -> None:
    def rows(count: int) -> list[list[str]]:
        return [[str(number)] for number in range(count)]

    assert len(collected(rows(MOST_DISTINCT), {"id": 0})["id"]) == MOST_DISTINCT
    assert collected(rows(MOST_DISTINCT + 1), {"id": 0}) == {}


def test_of_very_many_columns_the_first_and_the_wanted_are_followed() -> None:
    names = {f"c{place}": place for place in range(1000)}
    rows = [["A"] * 1000, ["B"] * 1000]
    found = collected(rows, names, wanted=("c999", "absent"))
    assert len(found) == MOST_COLUMNS + 1
    assert "c999" in found


@settings(deadline=None)
@given(st.lists(st.sampled_from(["A", "B", "C"]), min_size=2))
def test_every_rows_text_is_kept_in_order(texts: list[str]) -> None:
    found = collected([[text] for text in texts], {"site": 0})
    assert found == ({"site": texts} if len(set(texts)) > 1 else {})
