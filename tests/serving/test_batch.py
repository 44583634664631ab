"""Files of records to predict for."""

import pytest

from fedcare.errors import BadRecords, BadValue, FileMissing
from fedcare.serving.batch import read_batch
from fedcare.tasks.registry import get

TASK = get("insurance-cost")


def written(tmp_path, text):
    (tmp_path / "people.csv").write_text(text)
    return tmp_path / "people.csv"


def test_the_target_and_undeclared_columns_may_be_there_or_not(tmp_path):
    for text in ("age,smoker\n40,no\n", "name,AGE,Smoker,charges\nX,40,no,12\n"):
        batch = read_batch(written(tmp_path, text), TASK)
        assert [line for line, _ in batch.rows] == [2]
        assert batch.refused == ()


def test_a_row_of_another_length_is_refused_by_its_line(tmp_path):
    batch = read_batch(written(tmp_path, "age,smoker\n40\n40,no\n40,no,,\n40,no,x\n"), TASK)
    assert [line for line, _ in batch.rows] == [3, 4]
    assert [line for line, _ in batch.refused] == [2, 5]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("age,smoker\n", "no rows"),
        ("bmi,sex\n30,male\n", "'age', 'smoker'"),
        ("age,Age,smoker\n1,2,no\n", "more than one column could be 'age'"),
    ],
)
def test_a_file_that_cannot_be_predicted_from_says_why(tmp_path, text, reason):
    with pytest.raises(BadRecords, match=reason):
        read_batch(written(tmp_path, text), TASK)


def test_a_missing_file_and_a_task_about_images_are_refused(tmp_path):
    with pytest.raises(FileMissing):
        read_batch(tmp_path / "absent.csv", TASK)
    with pytest.raises(BadValue, match="--image"):
        read_batch(written(tmp_path, "a\n1\n"), get("cancer-imaging"))
