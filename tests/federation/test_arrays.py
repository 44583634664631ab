"""Packing is Flower's own format, byte for byte."""

import numpy as np
import pytest
from flwr.app import Array

from fedcare.federation.arrays import packed


@pytest.mark.parametrize(
    "vector",
    [
        np.arange(5, dtype=np.float32),
        np.zeros(0, dtype=np.float32),
        np.arange(7, dtype=np.float64)[::2],
        np.ones((2, 3), dtype=np.float32),
    ],
)
def test_a_packed_vector_equals_what_flower_makes_of_it(vector):
    ours, flowers = packed(vector), Array(np.ascontiguousarray(vector))
    assert (ours.dtype, ours.shape, ours.stype, ours.data) == (
        flowers.dtype,
        flowers.shape,
        flowers.stype,
        flowers.data,
    )
