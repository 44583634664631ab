"""Flower's strategies behind FedCare's contract: known answers, limits, and state that survives a restart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedcare.aggregation.strategy import create, names
from fedcare.errors import BadSetting, UnknownStrategy
from fedcare.plan import LocalTraining, StrategyChoice
from fedcare.update import Entry, Manifest, ModelUpdate, weighted_mean

MANIFEST = Manifest((Entry("weight", (6,), True), Entry("running_var", (4,), False)))
ALL = [
    "bulyan", "fedadagrad", "fedadam", "fedavg", "fedavgm", "fedprox",
    "fedsgd", "fedyogi", "krum", "median", "multikrum", "trimmed-mean",
]  # fmt: skip
ROBUST = ["krum", "median", "multikrum", "trimmed-mean"]


def updates(seed: int, count: int = 5) -> tuple[np.ndarray, list[ModelUpdate]]:
    rng = np.random.default_rng(seed)
    current = np.abs(rng.normal(size=10)).astype(np.float32)
    moved = [current + rng.normal(scale=0.1, size=10).astype(np.float32) for _ in range(count)]
    return current, [ModelUpdate(f"i{k}", np.abs(vector), 10 + k) for k, vector in enumerate(moved)]


def strategy(name: str, **options: float):
    return create(StrategyChoice(name=name, options=options))


def test_all_strategies_of_the_mission_are_registered():
    assert names() == ALL


@pytest.mark.parametrize("name", ALL)
def test_state_restored_in_a_new_process_gives_the_same_bits(name):
    current, first = updates(1)
    going = strategy(name)
    middle = going.aggregate(1, current, first, MANIFEST)
    restarted = strategy(name)
    restarted.restore(going.state())
    _, second = updates(2)
    expected = going.aggregate(2, middle, second, MANIFEST)
    assert restarted.aggregate(2, middle, second, MANIFEST).tobytes() == expected.tobytes()
    assert expected.dtype == np.float32


@given(st.integers(0, 1000))
def test_fedavg_is_the_weighted_mean(seed):
    current, each = updates(seed)
    np.testing.assert_array_equal(strategy("fedavg").aggregate(1, current, each, MANIFEST), weighted_mean(each))


@pytest.mark.parametrize("name", ["fedavgm", "fedadam", "fedyogi", "fedadagrad"])
def test_server_optimisers_take_no_step_on_buffers(name):
    current, each = updates(3)
    server = strategy(name)
    result = server.aggregate(2, server.aggregate(1, current, each, MANIFEST), each, MANIFEST)
    np.testing.assert_array_equal(result[6:], weighted_mean(each)[6:])
    assert (result[:6] != weighted_mean(each)[:6]).any()


def test_fedavgm_follows_hsu_et_al_over_two_rounds():
    current, each = updates(4)
    server = strategy("fedavgm", eta=0.5, momentum=0.9)
    one = server.aggregate(1, current, each, MANIFEST)
    two = server.aggregate(2, one, each, MANIFEST)
    mean = weighted_mean(each)
    velocity = (current - mean)[:6]
    np.testing.assert_allclose(one[:6], current[:6] - 0.5 * velocity, rtol=1e-5)
    velocity = 0.9 * velocity + (one - mean)[:6]
    np.testing.assert_allclose(two[:6], one[:6] - 0.5 * velocity, rtol=1e-5)


@pytest.mark.parametrize("name", ROBUST)
def test_robust_strategies_stand_up_to_one_poisoned_update(name):
    current, each = updates(5)
    poisoned = [*each[:-1], ModelUpdate("i4", current + np.float32(1000.0), 10)]
    result = strategy(name).aggregate(1, current, poisoned, MANIFEST)
    assert np.abs(result - current).max() < 1.0
    assert np.abs(strategy("fedavg").aggregate(1, current, poisoned, MANIFEST) - current).max() > 100.0


def test_bulyan_with_one_malicious_member_stands_up_to_it_among_seven():
    current, each = updates(6, count=7)
    poisoned = [*each[:-1], ModelUpdate("i6", current + np.float32(1000.0), 10)]
    server = strategy("bulyan", malicious=1)
    assert server.minimum_updates == 7
    assert np.abs(server.aggregate(1, current, poisoned, MANIFEST) - current).max() < 1.0


@given(st.permutations(range(5)), st.sampled_from(["median", "trimmed-mean"]))
def test_coordinate_rules_ignore_the_order_of_arrival(order, name):
    current, each = updates(7)
    expected = strategy(name).aggregate(1, current, each, MANIFEST)
    shuffled = strategy(name).aggregate(1, current, [each[place] for place in order], MANIFEST)
    np.testing.assert_allclose(shuffled, expected, rtol=1e-6)


def test_fedprox_and_fedsgd_say_what_they_want_of_local_training():
    local = LocalTraining()
    assert strategy("fedprox", mu=0.5).local(local).proximal_mu == 0.5
    step = strategy("fedsgd").local(local)
    assert (step.epochs, step.full_batch, step.optimizer) == (1, True, "sgd")
    assert strategy("fedavg").local(local) == local


@pytest.mark.parametrize(
    ("name", "options"), [("fedprox", {"mew": 1.0}), ("krum", {"malicious": 0.5}), ("trimmed-mean", {"beta": 0.7})]
)
def test_wrong_options_are_refused_by_name(name, options):
    with pytest.raises(BadSetting, match=f"strategy {name}"):
        strategy(name, **options)


def test_an_unknown_strategy_names_the_known_ones():
    with pytest.raises(UnknownStrategy, match=r"fedavg.*krum"):
        strategy("fedmagic")
