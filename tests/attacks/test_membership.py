"""An attack on membership finds what a model learned by heart, and nothing where nothing was learned."""

import numpy as np
import pytest

from fedcare.attacks import membership
from fedcare.attacks.rerun import rerun
from fedcare.attacks.telling import tell
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study, design
from fedcare.tasks.size import feature_count

# Sixty passes over a few hundred rows whose target is mostly chance, with nothing that holds them back.
HEART = {"rounds.rounds": "1", "local.epochs": "60", "lr": "0.005", "lr_schedule": "constant", "weight_decay": "0"}


def attacked(study: Study, vector=None, shadows: int = 4) -> membership.Membership:
    outcome = rerun(study.plan, study.institutions, lambda number, rounds: None)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    chosen = outcome.state.best if vector is None else vector
    return membership.attack(study, chosen, preprocessing, shadows, 5, lambda done, of: None)


@pytest.fixture(scope="module")
def by_heart() -> Study:
    return design("diabetes", None, "iid:2", HEART, 1)


def test_a_model_that_learned_its_rows_by_heart_gives_them_away(by_heart):
    found = attacked(by_heart, shadows=8)
    assert (found.method, found.members, found.others) == ("shadow models", 354, 88)
    assert found.telling.auc > 0.55
    assert found.telling.auc - 2 * found.telling.error > 0.5


def test_a_model_that_was_never_trained_gives_nothing_away(by_heart):
    _, vector = initial_weights(by_heart.task, 9, feature_count(by_heart.task))
    found = attacked(by_heart, vector)
    assert abs(found.telling.auc - 0.5) < 3 * found.telling.error


def test_images_are_attacked_by_their_loss_without_shadows():
    small = {"num_samples": "60", "image_size": "28", "rounds.rounds": "1", "model.width": "4"}
    study = design("cancer-imaging", None, "iid:2", small, 1)
    found = attacked(study)
    assert (found.method, found.shadows, found.members + found.others) == ("loss threshold", 0, 60)


def test_scores_of_members_that_are_all_above_are_told_apart_wholly():
    scores, members = np.arange(200.0), np.arange(200) >= 100
    found = tell(scores, members)
    assert (found.auc, found.tpr, found.error) == (1.0, 1.0, 0.0)


def test_random_scores_tell_nothing():
    random = np.random.default_rng(1)
    found = tell(random.random(4000), random.random(4000) < 0.5)
    assert abs(found.auc - 0.5) < 3 * found.error
    assert found.tpr < 0.03
    assert found.curve[0][0] == 0.0
