"""Canaries catch protection that does not do what it says, and accuse none that does."""

import numpy as np
import pytest

from fedcare.attacks import one_run, watched
from fedcare.attacks.audit import claim
from fedcare.attacks.canaries import plant
from fedcare.federation.study import Study, design
from fedcare.privacy.noise import Chance
from fedcare.privacy.planned import noise_multiplier
from fedcare.tasks.protected import protected

DELTA = 1e-5


def study(**settings: object) -> Study:
    chosen = {"rounds.rounds": 2, "local.epochs": 1} | {key.replace("__", "."): each for key, each in settings.items()}
    return design("breast-cancer", None, "iid:4", {key: str(value) for key, value in chosen.items()}, 1)


def private(epsilon: float) -> Study:
    return study(privacy__dp__enabled=True, privacy__dp__epsilon=epsilon, rounds__rounds=3, local__epochs=2)


def audited(of: Study, canaries: int = 60, seed: int = 7) -> one_run.OneRun:
    return one_run.audit(of, canaries, DELTA, 0.95, seed, lambda number, rounds: None)


def test_without_protection_every_canary_is_found():
    found = audited(study(), canaries=100)
    assert [guess.right for guess in found.guesses] == [100, 33]
    assert found.any_mechanism > 3.0


@pytest.mark.parametrize("epsilon", [1.0, 5.0])
def test_noise_that_is_off_while_epsilon_is_claimed_is_caught(monkeypatch, epsilon):
    of = private(epsilon)
    claimed, _ = claim(of.plan)
    drawn = Chance.gaussian
    monkeypatch.setattr(Chance, "gaussian", lambda self, shape, deviation: drawn(self, shape, 0.0))
    found = audited(of)
    assert found.gaussian > claimed
    if epsilon == 1.0:
        assert found.any_mechanism > claimed


def test_noise_of_a_tenth_of_what_is_claimed_is_caught(monkeypatch):
    of = private(1.0)
    claimed, _ = claim(of.plan)
    drawn = Chance.gaussian
    monkeypatch.setattr(Chance, "gaussian", lambda self, shape, deviation: drawn(self, shape, deviation / 10))
    assert audited(of).gaussian > claimed


@pytest.mark.parametrize("epsilon", [1.0, 5.0])
def test_sound_protection_is_not_accused(epsilon):
    of = private(epsilon)
    claimed, _ = claim(of.plan)
    found = audited(of)
    assert max(found.gaussian, found.any_mechanism) <= claimed


def test_canaries_fit_the_schema_and_half_of_them_are_in():
    of = design("breast-cancer", None, "iid:2", {}, 1)
    planted = plant(of.task.records, of.institutions, 201, seed=3)
    assert [len(each.canaries) for each in planted] == [101, 100]
    for each, before in zip(planted, of.institutions, strict=True):
        assert len(each.institution.train) == len(before.train) + each.inside.sum()
        assert 30 < each.inside.sum() < 70
        assert each.institution.validation is before.validation
        assert set(np.unique(each.canaries.target)) == {0.0, 1.0}
        for feature in of.task.records.numeric:
            assert each.canaries.numeric[feature.name].min() >= feature.minimum


def test_whole_numbers_and_categories_of_canaries_are_such():
    of = design("insurance-cost", None, "iid:2", {"num_samples": "60"}, 1)
    canaries = plant(of.task.records, of.institutions, 40, seed=3)[0].canaries
    assert np.array_equal(canaries.numeric["children"], np.round(canaries.numeric["children"]))
    assert set(np.unique(canaries.categorical["smoker"])) == {0, 1}


def test_a_small_model_that_trains_on_all_rows_at_once_is_caught_too(monkeypatch):
    small = {"model__hidden": "[]", "local__full_batch": True, "local__optimizer": "sgd"}
    of = study(privacy__dp__enabled=True, privacy__dp__epsilon=1.0, rounds__rounds=10, **small)
    claimed, _ = claim(of.plan)
    assert max(audited(of).gaussian, audited(of).any_mechanism) <= claimed
    drawn = Chance.gaussian
    monkeypatch.setattr(Chance, "gaussian", lambda self, shape, deviation: drawn(self, shape, 0.0))
    assert audited(of).gaussian > claimed


# -- images -----------------------------------------------------------------------------------------------------------


def images(epsilon: float | None, **settings: object) -> Study:
    """Sixty images by the recipe of ``--private``, or by that recipe without clipping and noise."""
    chosen = protected("cancer-imaging", epsilon or 1.0, secure=False, robust=False)
    chosen |= {"num_samples": "60", "image_size": "28", "rounds.rounds": "4"}
    chosen |= {} if epsilon else {"privacy.dp.enabled": "false"}
    return design("cancer-imaging", None, "iid:2", chosen | {key: str(each) for key, each in settings.items()}, 1)


def test_images_without_protection_are_all_found():
    found = audited(images(None), canaries=40)
    assert [guess.right for guess in found.guesses] == [40, 13]


def test_noise_on_images_that_is_off_is_caught_and_noise_that_is_on_is_not_accused(monkeypatch):
    of = images(1.0)
    claimed, _ = claim(of.plan)
    sound = audited(of, canaries=40)
    assert max(sound.gaussian, sound.any_mechanism) <= claimed
    drawn = Chance.gaussian
    monkeypatch.setattr(Chance, "gaussian", lambda self, shape, deviation: drawn(self, shape, 0.0))
    assert audited(of, canaries=40).gaussian > claimed


def test_a_network_that_samples_its_images_is_caught_by_gradients_that_are_written_out(monkeypatch):
    network = {"model.kind": "resnet18", "model.norm": "group", "model.width": 4, "local.full_batch": False}
    steps = {"local.epochs": 1, "local.optimizer": "adam", "local.lr": 0.001}
    noise = {"privacy.dp.enabled": True, "privacy.dp.noise_multiplier": 2.0, "privacy.dp.sample_rate": 0.5}
    of = images(None, **network, **steps, **noise)
    monkeypatch.setattr(watched, "IMAGE_PASSES", 1)
    drawn = Chance.gaussian
    monkeypatch.setattr(Chance, "gaussian", lambda self, shape, deviation: drawn(self, shape, 0.0))
    parts = []
    found = one_run.audit(of, 20, DELTA, 0.95, 7, lambda done, of: parts.append((done, of)))
    assert found.telling.auc > 0.7  # One pass of two steps leaves a quarter of the canaries out.
    assert parts == [(1, 3), (2, 3), (3, 3)]


def test_an_image_audit_plants_noise_among_few_images_and_keeps_the_noise_of_the_whole_plan():
    of = images(1.0, **{"rounds.rounds": "20"})
    plan = watched.looked_at(of)
    assert noise_multiplier(plan) == noise_multiplier(of.plan)
    assert plan.rounds.rounds == 10  # Sixty steps of six a round.
    (first, second) = plant(of.task.records, of.institutions, 21, seed=3)
    assert (len(first.canaries), len(second.canaries)) == (11, 10)
    assert first.canaries.pixels.shape[1:] == (28, 28)
    assert len(first.institution.train) == len(first.rows) + first.inside.sum()
    assert first.institution.test is None


def test_under_batch_norm_no_row_has_a_gradient_of_its_own():
    assert not one_run.is_possible(design("cancer-imaging", None, "iid:2", {"num_samples": "40"}, 1).task)
    assert one_run.is_possible(study().task)
