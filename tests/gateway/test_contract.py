"""A running gateway keeps to its OpenAPI document; `python -m benchmarks.contract` asks the same at length."""

import pytest
from benchmarks.contract import check
from benchmarks.served import serve


@pytest.fixture(scope="module")
def served(server_folder):
    folder = server_folder / "contract"
    folder.mkdir()
    with serve(folder, fast=True) as served:
        yield served


# A nurse and a doctor may do some of what their admin may; at length it is asked as each of them.
@pytest.mark.parametrize("role", ["anonymous", "admin", "consortium"])
def test_every_answer_is_one_that_the_document_names(served, role):
    # Without an active model it is not ready, which is a 503 by right.
    outcome = check(served, role, examples=3, seed=1, phases="fuzzing", leave_out=("getReadiness",))
    assert outcome["passed"], outcome["report"]
    assert outcome["cases"] > 100
