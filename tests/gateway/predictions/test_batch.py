"""Many records at once."""

import pytest


@pytest.fixture
def batch(doctor):
    def ask(rows, **other) -> dict:
        answer = doctor.post("/api/predictions/batch", json={"rows": rows} | other)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def test_a_batch_says_of_each_row_what_a_single_prediction_says(insurance, batch, predict, record):
    rows = [record | {"age": 20 + each} for each in range(5)]
    answer = batch(rows)
    singles = [predict(features=row, explain=False, record=False) for row in rows]
    for column, field in (("values", "value"), ("lows", "low"), ("highs", "high")):
        assert answer[column] == pytest.approx([each[field] for each in singles])
    assert answer["predicted"] == 5 and answer["model_versions"] == [insurance.version]


def test_a_bad_row_is_named_and_costs_the_others_nothing(insurance, batch, record):
    strange = [7, {"agee": 1}, {}, record | {"age": "old"}, record | {"region": ["x"]}, record | {"region": "a\0b"}]
    answer = batch([record, *strange, record])
    assert [each["row"] for each in answer["refused"]] == [1, 2, 3, 4, 5, 6]
    assert [value is None for value in answer["values"]] == [False] + [True] * 6 + [False]
    fields = {each["row"]: each["problems"][0]["field"] for each in answer["refused"]}
    assert fields[1] == "(row)" and fields[2] == "agee" and fields[4] == "age" and fields[6] == "region"


def test_what_was_assumed_of_a_row_is_noted(insurance, batch, record):
    answer = batch([record, record | {"bmi": None}, record | {"bmi": 140}])
    notes = {each["row"]: each for each in answer["notes"]}
    assert "bmi is missing" in notes[1]["warnings"][0] and notes[1]["reasons"] == []
    assert notes[2]["reasons"] and 0 not in notes


def test_a_row_beyond_the_training_rows_is_noted_as_a_single_prediction_says(insurance, batch, predict, record):
    far = record | {"age": 105}
    (note,) = batch([record, far])["notes"]
    assert note["row"] == 1 and note["reasons"] == predict(features=far, record=False)["reasons"]


def test_a_batch_is_kept_when_asked_to(gateway, insurance, batch, doctor, record):
    answer = batch([record, {}, record | {"bmi": 140}], record=True)
    assert answer["ids"][1] is None
    items = doctor.get("/api/predictions/history").json()["items"]
    assert {each["id"] for each in items} == {each for each in answer["ids"] if each}
    by_id = {each["id"]: each for each in items}
    assert by_id[answer["ids"][2]]["outside"] and by_id[answer["ids"][0]]["features"] == record
    assert by_id[answer["ids"][0]]["low"] == answer["lows"][0]
    noted = gateway.rows("select subject_id from audit_log where action = 'predictions.create_batch'")
    assert noted == [{"subject_id": "2"}]


def test_ten_thousand_rows_are_taken_and_one_more_is_not(insurance, batch, doctor, record):
    answer = batch([record] * 10_000, record=True)
    assert answer["predicted"] == 10_000 and len(set(answer["ids"])) == 10_000
    refused = doctor.post("/api/predictions/batch", json={"rows": [record] * 10_001})
    assert refused.status_code == 422


def test_an_empty_batch_is_refused(insurance, doctor):
    assert doctor.post("/api/predictions/batch", json={"rows": []}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows": [{"age": 40, "age": 80}]}',
        b'{"rows": [{"age": NaN}]}',
        b'{"rows": [{"age": 40}], "rows": [{"age": 80}]}',
        b'{"rows": [{"a\xff": 1}]}',
        b'{"rows": ' + b'[{"a": ' * 3000,
    ],
)
def test_rows_that_could_be_read_in_two_ways_are_refused(insurance, doctor, body):
    answer = doctor.post("/api/predictions/batch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_a_colon_in_a_text_is_no_name(insurance, batch, record):
    assert batch([record | {"region": "a: b"}])["predicted"] == 1


@pytest.mark.parametrize("rows", [7, "abc", {"a": 1}, None])
def test_rows_that_are_no_list_are_refused(insurance, doctor, rows):
    assert doctor.post("/api/predictions/batch", json={"rows": rows}).status_code == 422
