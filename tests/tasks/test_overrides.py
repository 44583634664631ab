from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.errors import BadSetting, UnknownSetting
from fedcare.models.spec import ScatteringSpec
from fedcare.tasks.insurance_cost import TASK
from fedcare.tasks.overrides import apply, settings_of
from fedcare.tasks.registry import get


def changed(**values: str) -> dict[str, object]:
    before = {setting.key: setting.value for setting in settings_of(TASK)}
    after = {setting.key: setting.value for setting in settings_of(apply(TASK, values))}
    return {key: value for key, value in after.items() if value != before.get(key)}


@pytest.mark.parametrize(
    ("key", "text", "place", "value"),
    [
        ("lr", "0.01", "local.lr", 0.01),
        ("lr", "1e-2", "local.lr", 0.01),
        ("lr", ".01", "local.lr", 0.01),
        ("batch_size", " 64 ", "local.batch_size", 64),
        ("local.batch_size", "64", "local.batch_size", 64),
        ("num_samples", "500", "synthetic.num_samples", 500),
        ("rounds", "3", "rounds.rounds", 3),
        ("full_batch", "true", "local.full_batch", True),
        ("full_batch", "False ", None, None),
        ("hidden", "[64, 32]", "model.hidden", (64, 32)),
        ("hidden", "64,32", "model.hidden", (64, 32)),
        ("hidden", "64", "model.hidden", (64,)),
        ("optimizer", "sgd", "local.optimizer", "sgd"),
        ("optimizer", "'sgd'", "local.optimizer", "sgd"),
        ("metric", "mae", "metric", "mae"),
        ("selection.metric", "mae", "selection.metric", "mae"),
        ("strategy", "fedprox", "strategy.name", "fedprox"),
        ("strategy.options.eta", "0.1", "strategy.options.eta", 0.1),
        ("options.eta", "1", "strategy.options.eta", 1.0),
        ("missing", "?,NA", "records.missing", ("?", "NA")),
        ("target.maximum", "1e6", "records.target.maximum", 1e6),
        ("minimum", "none", "records.target.minimum", None),
        ("partition", "by:region", "partition", "by:region"),
        ("unit", "5", "records.target.unit", "5"),
    ],
)
def test_a_key_finds_its_one_setting(key: str, text: str, place: str | None, value: object) -> None:
    assert changed(**{key: text}) == ({} if place is None else {place: value})


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("batch_size", "0", "batch_size cannot be '0': it must be at least 1"),
        ("rounds", "0", "rounds cannot be '0': it must be at least 1"),
        ("lr", "fast", "lr cannot be 'fast': it must be a number"),
        ("lr", "", "lr cannot be '': it must be a number"),
        ("lr", "0", "lr cannot be '0': it must be above 0.0"),
        ("lr", "11", "lr cannot be '11': it must be at most 10.0"),
        ("lr", "inf", "lr cannot be 'inf': it must be a finite number"),
        ("lr", "0.1\ny = 2", "lr cannot be '0.1\\ny = 2': it must be a number"),
        ("epochs", "2.5", "epochs cannot be '2.5': it must be a whole number"),
        ("epochs", "true", "epochs cannot be 'true': it must be a whole number"),
        ("full_batch", "perhaps", "full_batch cannot be 'perhaps': it must be true or false"),
        ("optimizer", "sgdd", "optimizer cannot be 'sgdd': it must be 'adam' or 'sgd'"),
        ("hidden", "[64, 0]", "hidden cannot be '[64, 0]': it must be at least 1"),
        ("hidden", "wide", "hidden cannot be 'wide': it must be a whole number"),
        ("dropout", "1", "dropout cannot be '1': it must be below 1.0"),
        ("min_available", "1", "min_available cannot be '1': it must be at least 2"),
        ("strategy.options.eta", "big", "strategy.options.eta cannot be 'big': it must be a number"),
        ("metric", "auc", "metric cannot be 'auc': metric must be one of r2, mse, mae, loss"),
    ],
)
def test_a_bad_value_is_told_in_plain_words(key: str, text: str, message: str) -> None:
    with pytest.raises(BadSetting) as caught:
        apply(TASK, {key: text})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("batchsize", "Did you mean batch_size?"),
        ("learning_rate", "Did you mean lr?"),
        ("local_epochs", "Did you mean epochs?"),
        ("local.lrr", "Did you mean local.lr?"),
        ("image_size", "Only tasks on images have it."),
        ("seed", "--seed"),
        ("zzz", "fedcare tasks show insurance-cost"),
        ("kind", "The model's is model.kind"),
        ("", "fedcare tasks show"),
        ("local", "fedcare tasks show|Did you mean"),
    ],
)
def test_an_unknown_key_gets_a_hint(key: str, hint: str) -> None:
    with pytest.raises(UnknownSetting, match=hint):
        apply(TASK, {key: "1"})


def test_the_key_at_fault_is_named_among_several() -> None:
    with pytest.raises(BadSetting, match=r"^dropout cannot be"):
        apply(TASK, {"lr": "0.1", "dropout": "2", "hidden": "8"})


def test_settings_that_need_one_another_are_applied_together() -> None:
    task = apply(
        TASK, {"hidden": "8", "lr": "0.1", "rounds": "2", "strategy.options.a": "1", "strategy.options.b": "2"}
    )
    assert (task.model.hidden, task.local.lr, task.rounds.rounds) == ((8,), 0.1, 2)
    assert task.strategy.options == {"a": 1.0, "b": 2.0}


def test_nothing_set_changes_nothing() -> None:
    assert apply(TASK, {}) == TASK


def test_the_image_task_takes_its_own_settings() -> None:
    from fedcare.tasks.cancer_imaging import TASK as IMAGES

    task = apply(IMAGES, {"image_size": "224", "num_samples": "100", "norm": "group"})
    assert (task.records.image_size, task.synthetic.num_samples, task.model.norm) == (224, 100, "group")
    with pytest.raises(BadSetting, match="image_size cannot be '20': it must be at least 28"):
        apply(IMAGES, {"image_size": "20"})


def test_another_model_begins_with_its_own_defaults_and_takes_its_own_settings() -> None:
    from fedcare.tasks.cancer_imaging import TASK as IMAGES

    task = apply(IMAGES, {"orientations": "4", "model.kind": "scattering"})
    assert task.model == ScatteringSpec(orientations=4)
    with pytest.raises(UnknownSetting, match="Only the model resnet18 has it"):
        apply(IMAGES, {"model.kind": "scattering", "norm": "group"})


@pytest.mark.parametrize(
    ("task", "kind"), [("insurance-cost", "scattering"), ("cancer-imaging", "mlp"), ("cancer-imaging", "")]
)
def test_a_model_that_does_not_go_with_the_records_is_refused(task: str, kind: str) -> None:
    with pytest.raises(BadSetting, match=r"model\.kind cannot be .*: the model of a task on (tables|images) must be"):
        apply(get(task), {"model.kind": kind})


def test_every_setting_that_is_listed_can_be_set_to_what_it_is(tmp_path: Path) -> None:
    for setting in settings_of(TASK):
        text = ",".join(map(str, setting.value)) if isinstance(setting.value, tuple) else str(setting.value)
        if setting.key != "records.missing":  # Its first text is the blank.
            assert apply(TASK, {setting.key: text}) == TASK


@settings(deadline=None)
@given(st.sampled_from([setting.key for setting in settings_of(TASK)]), st.text(max_size=12))
def test_any_text_is_taken_or_refused_as_a_bad_setting(key: str, text: str) -> None:
    try:
        apply(TASK, {key: text})
    except BadSetting as error:
        assert str(error).startswith(key)
