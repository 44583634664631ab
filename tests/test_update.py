"""Packing loses nothing, and the weighted mean is what federated averaging says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.errors import BadUpdate
from fedcare.update import BLOCK, Entry, Manifest, ModelUpdate, weighted_mean

shapes = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=6)


@given(shapes, st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_what_is_packed_comes_back_bit_for_bit(sizes, learned, seed):
    manifest = Manifest(tuple(Entry(f"t{place}", shape, place < learned) for place, shape in enumerate(sizes)))
    rng = np.random.default_rng(seed)
    arrays = {entry.name: rng.normal(size=entry.shape).astype(np.float32) for entry in manifest.entries}
    back = manifest.unpack(manifest.pack(arrays))
    assert {name: array.tobytes() for name, array in back.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert manifest.learned_size == sum(arrays[entry.name].size for entry in manifest.entries if entry.learned)


def test_buffers_must_stand_behind_learned_parameters():
    with pytest.raises(ValueError, match="before buffers"):
        Manifest((Entry("mean", (3,), False), Entry("weight", (3,), True)))


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(BadUpdate, match="shape"):
        Manifest((Entry("w", (3,), True),)).unpack(np.zeros(4, dtype=np.float32))


updates = st.lists(st.tuples(st.floats(-100, 100, width=32), st.integers(1, 10_000)), min_size=1, max_size=8)


@given(updates, st.randoms())
def test_the_mean_weighs_by_rows_and_ignores_the_order_of_arrival(values, random):
    each = [
        ModelUpdate(f"i{place}", np.full(3, value, dtype=np.float32), rows)
        for place, (value, rows) in enumerate(values)
    ]
    mean = weighted_mean(each)
    expected = np.average([value for value, _ in values], weights=[rows for _, rows in values])
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-4)
    random.shuffle(each)
    assert weighted_mean(each).tobytes() == mean.tobytes()


@given(st.floats(-100, 100, width=32), st.lists(st.integers(1, 1000), min_size=1, max_size=5))
def test_equal_updates_average_to_themselves(value, rows):
    each = [ModelUpdate(f"i{k}", np.full(4, value, dtype=np.float32), n) for k, n in enumerate(rows)]
    np.testing.assert_allclose(weighted_mean(each), value, rtol=1e-6)


def test_a_mean_in_blocks_equals_the_mean_of_whole_vectors():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(3, 2 * BLOCK + 5)).astype(np.float32)
    updates = [ModelUpdate(str(k), vector, k + 1) for k, vector in enumerate(vectors)]
    whole = sum((vector * np.float64((k + 1) / 6.0) for k, vector in enumerate(vectors)), start=np.zeros(1))
    assert weighted_mean(updates).tobytes() == whole.astype(np.float32).tobytes()
