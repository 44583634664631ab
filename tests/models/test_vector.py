"""What must hold for weights on their way into and out of a flat vector."""

import numpy as np
import pytest

from fedcare.errors import BadUpdate
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.models.vector import load_vector, manifest_of, vector_of


@pytest.mark.parametrize("spec", [MLPSpec(), ResNetSpec(), ResNetSpec(norm="group")])
def test_a_vector_loaded_into_another_model_comes_out_the_same(spec):
    source, target = build(spec, 6, 2, seed=1), build(spec, 6, 2, seed=2)
    vector = vector_of(source)
    vector.setflags(write=False)
    load_vector(target, vector)
    assert np.array_equal(vector_of(target), vector)
    assert vector.dtype == np.float32
    assert vector.shape == (manifest_of(source).size,)


def test_running_statistics_travel_after_the_learned_parameters_and_counts_stay():
    manifest = manifest_of(build(ResNetSpec(), 0, 2, seed=1))
    buffers = [entry.name for entry in manifest.entries if not entry.learned]
    assert len(buffers) == 40
    assert all(name.endswith(("running_mean", "running_var")) for name in buffers)


def test_the_vector_is_a_copy():
    model = build(MLPSpec(hidden=(3,)), 2, 1, seed=1)
    vector = vector_of(model)
    vector[:] = 0
    assert vector_of(model).any()


def test_a_vector_of_another_length_is_refused():
    model = build(MLPSpec(), 6, 1, seed=1)
    with pytest.raises(BadUpdate):
        load_vector(model, np.zeros(3, dtype=np.float32))
