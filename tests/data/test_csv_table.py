import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.records import Loaded, Table
from fedcare.data.schema import CategoricalFeature, NumericFeature, TableSchema, Target
from fedcare.data.sources.csv_table import read_table, write_table
from fedcare.errors import BadRecords, FileMissing, UnreadableFile

SCHEMA = TableSchema(
    target=Target(name="cost", kind="regression", aliases=("charges",), minimum=0),
    numeric=(
        NumericFeature(name="age", minimum=0, maximum=130),
        NumericFeature(name="bmi", impute="mean"),
    ),
    categorical=(CategoricalFeature(name="smoker", categories=("no", "yes")),),
)
HEADER = "age,bmi,smoker,cost"


def read(folder: Path, content: str | bytes, schema: TableSchema = SCHEMA, divide_by: str | None = None) -> Loaded:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, schema, "a-task", divide_by)


def table(loaded: Loaded) -> Table:
    assert isinstance(loaded.records, Table)
    return loaded.records


def lines(loaded: Loaded) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in loaded.problems]


# -- good files as they come -------------------------------------------------------------------------------------------

GOOD = f"{HEADER}\n40,27.5,no,100\n50,?, YES ,200\n"
SAME = {
    "as written": GOOD.encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "with Windows line ends": GOOD.replace("\n", "\r\n").encode(),
    "with old Mac line ends": GOOD.replace("\n", "\r").encode(),
    "gzip, whatever its name": gzip.compress(GOOD.encode()),
    "without a last line end": GOOD.rstrip("\n").encode(),
    "with blank lines": GOOD.replace("\n", "\n\n").encode(),
    "with a blank line first": b"\n" + GOOD.encode(),
    "with rows of empty cells": (GOOD + ",,,\n , , ,\n").encode(),
    "with semicolons": GOOD.replace(",", ";").encode(),
    "with tabs": GOOD.replace(",", "\t").encode(),
    "with spaces about names and values": GOOD.replace(",", " , ").encode(),
    "with other case in the names": GOOD.replace("age", "AGE").replace("smoker", "Smoker").encode(),
    "with the target's other name": GOOD.replace("cost", "charges").encode(),
    "with empty cells beyond the header": GOOD.replace("100", "100,,").encode(),
    "with everything in quotes": "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in GOOD.splitlines()
    ).encode(),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_table_is_read_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    loaded = read(tmp_path, content)
    records = table(loaded)
    assert loaded.problems == ()
    assert records.numeric["age"].tolist() == [40.0, 50.0]
    assert records.numeric["bmi"][0] == 27.5
    assert np.isnan(records.numeric["bmi"][1])
    assert records.categorical["smoker"].tolist() == [0, 1]
    assert records.target.tolist() == [100.0, 200.0]


def test_thousands_of_undeclared_columns_are_ignored(tmp_path: Path) -> None:
    many = [f"gene{i}" for i in range(5000)]
    rows = [",".join([HEADER, *many])] + [
        ",".join([f"{40 + i},20,no,{i}", *(["A", "C"][i % 2] for _ in many)]) for i in range(4)
    ]
    loaded = read(tmp_path, "\n".join(rows))
    assert len(loaded.records) == 4
    assert len(loaded.ignored_columns) == 5000
    assert len(table(loaded).groups) <= 210


def test_an_exact_name_wins_over_one_in_other_case(tmp_path: Path) -> None:
    loaded = read(tmp_path, "AGE,age,bmi,smoker,cost\n1,40,20,no,100\n")
    assert table(loaded).numeric["age"].tolist() == [40.0]


# -- bad rows ----------------------------------------------------------------------------------------------------------


def test_every_bad_cell_is_named_and_good_rows_stay(tmp_path: Path) -> None:
    loaded = read(tmp_path, f"{HEADER}\n40,20,no,100\nforty,20,maybe,100\n50,20,yes,200\n200,1,no,\n")
    assert lines(loaded) == [(3, "age"), (3, "smoker"), (5, "age"), (5, "cost")]
    assert table(loaded).target.tolist() == [100.0, 200.0]


def test_line_numbers_are_those_of_the_file_though_cells_hold_line_breaks(tmp_path: Path) -> None:
    loaded = read(tmp_path, f'note,{HEADER}\n"one\ntwo\nthree",40,20,no,100\nx,bad,20,no,100\n\n"a\nb",bad,20,no,100\n')
    assert lines(loaded) == [(5, "age"), (7, "age")]
    assert len(loaded.records) == 1


@pytest.mark.parametrize("row", ["40,20,no", "40,20,no,100,extra", "40"])
def test_a_short_or_long_row_is_bad(tmp_path: Path, row: str) -> None:
    loaded = read(tmp_path, f"{HEADER}\n{row}\n40,20,no,100\n")
    assert lines(loaded) == [(2, "(row)")]
    assert "cells where the header has 4" in loaded.problems[0].reason


def test_a_quote_left_open_is_suspected(tmp_path: Path) -> None:
    loaded = read(tmp_path, f'{HEADER}\n40,20,no,100\n41,"20,no,100\n42,20,no,100\n')
    assert lines(loaded) == [(3, "(row)")]
    assert "runs on to line 4" in loaded.problems[0].reason


def test_a_byte_that_is_not_utf8_spoils_only_its_row(tmp_path: Path) -> None:
    content = f"name,{HEADER}\n".encode() + b"Jos\xe9,40,20,no,100\nAnn,41,20,n\xf6,100\nBob,42,2\x000,no,1\n"
    loaded = read(tmp_path, content)
    assert lines(loaded) == [(3, "smoker"), (4, "bmi")]
    assert "name" not in table(loaded).groups


def test_every_reason_can_be_printed(tmp_path: Path) -> None:
    loaded = read(tmp_path, f"{HEADER}\n".encode() + b"\xff\xfe,20,\xe9\xe9,100\n")
    for problem in loaded.problems:
        problem.reason.encode("utf-8")


def test_a_file_of_bad_rows_only_gives_no_record_and_all_reasons(tmp_path: Path) -> None:
    loaded = read(tmp_path, f"{HEADER}\nx,20,no,1\ny,20,no,1\n")
    assert len(loaded.records) == 0
    assert len(loaded.problems) == 2


# -- files that cannot be used -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (HEADER.encode(), "a header and no rows"),
        (b"age,bmi,smoker\n1,2,no\n", "no column 'cost' or 'charges' to learn from"),
        (b"age,smoker,cost\n1,no,2\n", "column is missing: 'bmi'"),
        (b"smoker,cost\nno,2\n", "columns are missing: 'age', 'bmi'"),
        (b"age,bmi,smokes,cost\n1,2,no,2\n", "Is 'smokes' meant for 'smoker'"),
        (b"age,age,bmi,smoker,cost\n1,1,2,no,2\n", "more than one column could be 'age'"),
        (b"Age,AGE,bmi,smoker,cost\n1,1,2,no,2\n", "more than one column could be 'age'"),
        (b"no header\n1\n", "no column 'cost'"),
    ],
)
def test_a_file_that_does_not_fit_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(BadRecords, match=reason) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.encode("utf-16-le"), "not a text file"),
        (b"PK\x03\x04whatever", "Excel"),
        (b"\xd0\xcf\x11\xe0whatever", "Excel"),
        (gzip.compress(GOOD.encode() * 500)[:-20], "gzip archive is damaged|Compressed file ended"),
        (b"\x1f\x8bnonsense", "cannot be read"),
        (f'{HEADER}\n"'.encode() + b"x" * 200_000, "line 2: a cell is longer"),
    ],
)
def test_what_is_no_csv_file_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(tmp_path, content)


def test_a_folder_and_an_absent_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="folder"):
        read_table(tmp_path, SCHEMA, "a-task")
    with pytest.raises(FileMissing):
        read_table(tmp_path / "absent.csv", SCHEMA, "a-task")


# -- groups and splits -------------------------------------------------------------------------------------------------


def test_complete_columns_of_a_few_texts_become_groups(tmp_path: Path) -> None:
    rows = "\n".join(f"{['N', 'S '][i % 2]},{'x' if i else ''},one,{i},40,20,no,1" for i in range(300))
    groups = table(read(tmp_path, f"region,gap,constant,id,{HEADER}\n{rows}\n")).groups
    assert set(groups) == {"region"}
    assert groups["region"].tolist()[:3] == ["N", "S", "N"]


def test_a_declared_column_is_a_group_under_its_declared_name(tmp_path: Path) -> None:
    groups = table(read(tmp_path, "Age,bmi,SMOKER,cost\n40,20,no,100\n41,20,yes,100\n")).groups
    assert set(groups) == {"age", "smoker"}


def test_a_row_without_the_dividing_column_is_bad(tmp_path: Path) -> None:
    loaded = read(tmp_path, f"clinic,{HEADER}\nA,40,20,no,1\n ,41,20,no,1\nB,42,20,no,1\n", divide_by="clinic")
    assert lines(loaded) == [(3, "clinic")]
    assert table(loaded).groups["clinic"].tolist() == ["A", "B"]


def test_the_dividing_column_is_followed_wherever_it_stands(tmp_path: Path) -> None:
    many = ",".join(f"x{i}" for i in range(500))
    cells = ",".join("ab"[i % 2] for i in range(500))
    content = f"{many},clinic,{HEADER}\n{cells},A,40,20,no,1\n{cells},B,41,20,no,1\n"
    assert "clinic" in table(read(tmp_path, content, divide_by="clinic")).groups


def test_a_split_column_divides_the_rows(tmp_path: Path) -> None:
    split = table(read(tmp_path, f"split,{HEADER}\ntrain,40,20,no,1\nval,41,20,no,1\ntest,42,20,no,1\n")).split
    assert split is not None
    assert split.tolist() == ["train", "validation", "test"]
    assert table(read(tmp_path, f"split,{HEADER}\na,40,20,no,1\nb,41,20,no,1\n")).split is None


# -- writing -----------------------------------------------------------------------------------------------------------

cells = st.one_of(st.none(), st.floats(-1e9, 1e9))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 130), cells, st.booleans(), st.floats(0, 1e9)), min_size=1), st.booleans())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple], zipped: bool
) -> None:
    ages, bmis, smokers, costs = zip(*rows, strict=True)
    written = Table(
        numeric={"age": np.array(ages, float), "bmi": np.array([np.nan if b is None else b for b in bmis], float)},
        categorical={"smoker": np.array(smokers, dtype=np.int64)},
        target=np.array(costs, float),
    )
    path = tmp_path_factory.mktemp("written") / ("t.csv.gz" if zipped else "t.csv")
    write_table(path, SCHEMA, written)
    again = table(read_table(path, SCHEMA, "a-task"))
    for name, values in written.numeric.items():
        np.testing.assert_array_equal(again.numeric[name], values)
    np.testing.assert_array_equal(again.categorical["smoker"], written.categorical["smoker"])
    np.testing.assert_array_equal(again.target, written.target)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400))
def test_no_bytes_whatever_bring_it_down(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.mktemp("junk")
    for content in (junk, f"{HEADER}\n40,20,no,1\n".encode() + junk):
        try:
            loaded = read(folder, content)
        except (BadRecords, UnreadableFile) as error:
            str(error).encode("utf-8")
        else:
            assert all(problem.line > 1 for problem in loaded.problems)


# -- real files --------------------------------------------------------------------------------------------------------


def test_the_medical_cost_file_fits_in_whole(real_data: Path) -> None:
    from fedcare.tasks.insurance_cost import TASK

    loaded = read_table(real_data / "insurance" / "insurance.csv", TASK.records, TASK.name)
    assert (len(loaded.records), loaded.problems, loaded.ignored_columns) == (1338, (), ())
    assert table(loaded).target.mean() == pytest.approx(13270.42, abs=0.01)
    assert set(table(loaded).groups["region"]) == {"northeast", "northwest", "southeast", "southwest"}
    assert set(table(loaded).categorical["region"].tolist()) == {0, 1, 2, 3}


def test_line_numbers_agree_with_the_csv_module_on_a_real_file(real_data: Path) -> None:
    path = real_data / "opt" / "opt.csv"
    schema = TableSchema(
        target=Target(name="Preg.ended...37.wk", kind="binary", classes=("No", "Yes")),
        numeric=(NumericFeature(name="Age"),),
    )
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        place = next(reader).index("Preg.ended...37.wk")
        expected = [(reader.line_num, "Preg.ended...37.wk") for row in reader if not row[place].strip()]
    loaded = read_table(path, schema, "opt")
    assert lines(loaded) == expected
    assert len(expected) == 9
