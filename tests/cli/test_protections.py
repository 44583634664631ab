"""What the three flags of protection stand for."""

import pytest

from fedcare.aggregation.planning import plan_of
from fedcare.cli.protections import another_model
from fedcare.errors import BadSetting
from fedcare.tasks.overrides import apply
from fedcare.tasks.protected import protected
from fedcare.tasks.registry import get


def plan(task, **flags):
    return plan_of(
        apply(get(task), protected(task, **({"private": None, "secure": False, "robust": False} | flags))), 1
    )


def test_without_flags_nothing_is_set():
    assert protected("breast-cancer", None, False, False) == {}


def test_private_turns_differential_privacy_on_with_its_epsilon():
    privacy = plan("breast-cancer", private=5.0).privacy
    assert privacy.dp.enabled
    assert privacy.dp.epsilon == 5.0
    assert not privacy.secure.enabled


def test_private_takes_fixed_features_for_images_and_says_so():
    made = plan("cancer-imaging", private=2.5)
    assert made.task["model"]["kind"] == "scattering"
    assert "trains the model scattering and not resnet18" in another_model("cancer-imaging", made)
    assert another_model("cancer-imaging", plan("cancer-imaging")) is None


def test_a_task_file_of_images_is_private_in_the_same_way(tmp_path):
    file = tmp_path / "scans.toml"
    file.write_text('[target]\nkind = "binary"\nclasses = ["a", "b"]\n[images]\nsize = 28\n')
    assert plan(str(file), private=2.5).task["model"]["kind"] == "scattering"


def test_the_tasks_own_network_can_be_had_in_private_with_group_norm():
    chosen = {"model.kind": "resnet18", "model.norm": "group", "model.width": "8"}
    made = plan_of(apply(get("cancer-imaging"), protected("cancer-imaging", 5.0, False, False) | chosen), 1)
    assert made.task["model"] == {"kind": "resnet18", "norm": "group", "width": 8}


def test_the_flags_compose():
    made = plan("breast-cancer", private=1.0, secure=True, robust=True)
    assert made.privacy.dp.enabled
    assert made.privacy.secure.enabled
    assert made.privacy.secure.groups > 1
    assert made.defence.norm_bound is not None
    assert made.defence.acceptance is None, "nobody evaluates a private round"


def test_robust_alone_lets_the_institutions_try_and_accept_each_round():
    made = plan("breast-cancer", robust=True)
    assert made.strategy.name == "fedavg"
    assert made.defence.acceptance == 0.01


def test_a_private_round_that_nobody_judges_takes_a_robust_strategy():
    made = plan("breast-cancer", private=1.0, robust=True)
    assert made.strategy.name == "trimmed-mean"
    assert made.defence.acceptance is None


@pytest.mark.parametrize("task", ["insurance-cost", "cancer-imaging"])
def test_robust_under_masks_bounds_each_member_and_compares_groups(task):
    made = plan(task, secure=True, robust=True)
    assert made.strategy.name == "fedavg"
    assert made.privacy.secure.groups == made.privacy.secure.least == 2
    assert made.defence.norm_bound > 0
    assert made.defence.acceptance == 0.01


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan")])
def test_an_epsilon_must_be_greater_than_nothing(epsilon):
    with pytest.raises(BadSetting):
        protected("breast-cancer", epsilon, False, False)
