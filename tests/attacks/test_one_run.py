"""Canaries catch protection that does not do what it says, and accuse none that does."""

import numpy as np
import pytest

from fedcare.attacks import one_run
from fedcare.attacks.audit import claim
from fedcare.attacks.canaries import plant
from fedcare.federation.study import Study, design
from fedcare.privacy.noise import Chance

DELTA = 1e-5


def study(**settings: object) -> Study:
    chosen = {"rounds.rounds": 2, "local.epochs": 1} | {key.replace("__", "."): each for key, each in settings.items()}
    return design("breast-cancer", None, "iid:2", {key: str(value) for key, value in chosen.items()}, 1)


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
    of = study()
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
