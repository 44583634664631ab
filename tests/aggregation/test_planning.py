"""Plans are made without loading the strategies, and are the ones that the strategies would ask for."""

import inspect
import subprocess
import sys

import pytest

from fedcare.aggregation.planning import OPTIONS, asked_of, plan_of
from fedcare.aggregation.strategy import create
from fedcare.errors import BadSetting, UnknownStrategy
from fedcare.federation import strategies
from fedcare.plan import LocalTraining, StrategyChoice
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_are_those_that_the_strategy_takes(name):
    taken = inspect.signature(getattr(strategies, name.replace("-", "_"))).parameters
    assert list(OPTIONS[name]) == list(taken)


@pytest.mark.parametrize("name", OPTIONS)
def test_local_training_is_as_the_strategy_itself_asks(name):
    local = LocalTraining(epochs=3, lr=0.02)
    for options in ({}, {"mu": 0.5} if name == "fedprox" else {}):
        choice = StrategyChoice(name=name, options=options)
        assert asked_of(local, choice) == create(choice).local(local)


@pytest.mark.parametrize(
    ("name", "options"),
    [("fedprox", {"mu": -1.0}), ("fedavg", {"mu": 1.0}), ("krum", {"malicious": 0.5}), ("multikrum", {"select": 0.0})],
)
def test_what_a_strategy_refuses_is_refused_in_the_same_words(name, options):
    choice = StrategyChoice(name=name, options=options)
    with pytest.raises(BadSetting) as planned:
        asked_of(LocalTraining(), choice)
    with pytest.raises(BadSetting) as made:
        create(choice)
    assert str(planned.value) == str(made.value)


def test_an_unknown_strategy_makes_no_plan():
    with pytest.raises(UnknownStrategy):
        plan_of(apply(get("insurance-cost"), {"strategy": "fedmagic"}), 1)


def test_a_plan_is_made_without_torch_or_flower():
    program = (
        "import sys; from fedcare.aggregation.planning import plan_of; from fedcare.tasks.registry import get;"
        "plan_of(get('insurance-cost'), 1); plan_of(get('cancer-imaging'), 1);"
        "assert not {'torch', 'flwr'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


ENCRYPTED = {"privacy.secure.enabled": "true", "privacy.secure.method": "ckks"}


@pytest.mark.parametrize("task", ["insurance-cost", "breast-cancer", "diabetes"])
def test_small_models_may_be_added_up_under_encryption(task):
    assert plan_of(apply(get(task), ENCRYPTED), 1).privacy.secure.method == "ckks"


def test_a_large_model_is_told_to_use_masks():
    with pytest.raises(BadSetting, match=r"11180866 weights, and sums under encryption .* use masks"):
        plan_of(apply(get("cancer-imaging"), ENCRYPTED), 1)
    assert plan_of(apply(get("cancer-imaging"), ENCRYPTED | {"model.width": "8"}), 1)
    assert plan_of(apply(get("cancer-imaging"), {"privacy.secure.method": "ckks"}), 1), "nothing is added up"


def test_compression_under_encryption_would_save_nothing():
    with pytest.raises(BadSetting, match="as many bytes as a great one"):
        plan_of(apply(get("insurance-cost"), ENCRYPTED | {"compression.method": "int8"}), 1)
