"""What must hold for the order in which rows are trained on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.plan import LocalTraining
from fedcare.training.batches import edges, shuffler


@given(rows=st.integers(1, 300), size=st.integers(1, 64), full=st.booleans())
def test_batches_cover_every_row_once_and_none_is_a_lone_rest(rows, size, full):
    found = edges(rows, LocalTraining(batch_size=size, full_batch=full))
    assert found[0][0] == 0
    assert found[-1][1] == rows
    assert all(before[1] == after[0] for before, after in pairwise(found))
    sizes = [stop - start for start, stop in found]
    assert all(count == size for count in sizes[:-1]) or full
    if size > 1 and rows > 1:
        assert min(sizes) > 1
    assert max(sizes) <= (rows if full else size + (size > 1))


def test_a_lone_last_row_joins_the_batch_before():
    assert edges(65, LocalTraining(batch_size=32)) == [(0, 32), (32, 65)]
    assert edges(1, LocalTraining(batch_size=32)) == [(0, 1)]


def test_full_batch_is_one_step_over_all_rows():
    assert edges(100, LocalTraining(batch_size=32, full_batch=True)) == [(0, 100)]


def test_orders_follow_the_seed():
    first, second, other = (shuffler(seed) for seed in (1, 1, 2))
    for _ in range(3):
        order = first.permutation(50).tolist()
        assert order == second.permutation(50).tolist()
        assert order != other.permutation(50).tolist()


def test_one_seed_gives_each_epoch_another_order():
    random = shuffler(1)
    assert random.permutation(50).tolist() != pytest.approx(random.permutation(50).tolist())
