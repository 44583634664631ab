"""The short cut for ordinary records says what the careful reader says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.table_preprocessing import fit_table, table_statistics
from fedcare.serving.answers import Refusal
from fedcare.serving.encoder import Encoder
from fedcare.serving.patient_row import PatientRow, RowReader, table_of
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get

TASK = get("insurance-cost")
PREPROCESSING = fit_table(TASK.records, table_statistics(TASK.records, load(TASK, None, 1).records))
ENCODER = Encoder(PREPROCESSING)
PERSON = {"age": 40, "bmi": 27.5, "children": 2, "sex": "female", "smoker": "no", "region": "southeast"}

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=1),
    st.sampled_from(["yes", "no", "female", " Male ", "southeast", "40", "2.5", "NA", 10**400, 2.5, 3]),
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(st.sampled_from([*PERSON, "AGE", "other"]), ANYTHING), max_size=4)


@settings(max_examples=300, deadline=None)
@given(RECORDS)
def test_many_records_at_once_are_encoded_as_one_by_one_and_as_the_careful_reader_does(odd):
    records = [PERSON | each for each in odd]
    together = ENCODER.many(records)
    inputs = iter(together.inputs)
    reader = RowReader(TASK.records, PREPROCESSING)
    for place, record in enumerate(records):
        one, slow = ENCODER.one(record), reader.read(record)
        if not isinstance(slow, PatientRow):
            assert one == Refusal(slow) == together.odd[place]
            assert place not in together.places
            continue
        expected = PREPROCESSING.inputs(table_of(TASK.records, [slow]))
        np.testing.assert_array_equal(one[0], expected)
        np.testing.assert_array_equal(next(inputs), expected[0])
        assert together.odd.get(place) == one[1]
        if one[1] is None:
            assert (slow.warnings, slow.reasons) == ((), ())
    assert next(inputs, None) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": 131}, "outside the range"),
        ({"bmi": 90.0}, "far from what the model was trained on"),
        ({"sex": "other"}, "unknown category"),
        ({"region": "Bavaria"}, "unknown category"),
    ],
)
def test_what_the_model_has_not_seen_is_flagged_and_said(change, reason):
    _, row = ENCODER.one(PERSON | change)
    assert len(row.reasons) == 1
    assert reason in row.reasons[0]
    assert row.reasons[0] in row.warnings


def test_what_is_merely_missing_is_said_but_not_outside():
    _, row = ENCODER.one({"age": 40, "smoker": "no"})
    assert (len(row.warnings), row.reasons) == (4, ())
