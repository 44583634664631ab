"""How large a model is follows from its declaration, to the last number."""

import pytest

from fedcare.federation.coordinator import initial_weights
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get
from fedcare.tasks.size import feature_count, weight_count


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("insurance-cost", {}),
        ("breast-cancer", {"model.hidden": "[7]"}),
        ("diabetes", {}),
        ("cancer-imaging", {"model.width": "4"}),
        ("cancer-imaging", {"model.width": "8", "model.norm": "group"}),
    ],
)
def test_as_many_weights_are_counted_as_the_model_has(task, settings):
    declared = apply(get(task), settings)
    _, vector = initial_weights(declared, 1, feature_count(declared))
    assert weight_count(declared) == len(vector)
