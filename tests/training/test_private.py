"""Local training with clipped gradients and noise."""

import numpy as np
import pytest
import torch

from fedcare.models.build import build
from fedcare.models.spec import MLPSpec
from fedcare.models.vector import vector_of
from fedcare.plan import LocalTraining
from fedcare.privacy.noise import Chance
from fedcare.training.losses import make_loss, row_losses
from fedcare.training.private import PART, Mechanism, PrivateTrainer

SGD = LocalTraining(optimizer="sgd", lr=1.0)
SILENT = 1e-12  # A noise multiplier that leaves the clipped gradients to be looked at.


def moved(dataset, mechanism, chance=None, local=SGD, steps=1, witness=None, hidden=6):
    """How far a fresh model moved in some steps of rate 1."""
    model = build(MLPSpec(hidden=(hidden,)), 5, 1, seed=1)
    before = vector_of(model)
    trainer = PrivateTrainer(model, dataset, local, mechanism, chance or Chance(), witness)
    for _ in range(steps):
        trainer.step(1.0)
    return vector_of(model) - before


def test_without_clip_or_noise_a_full_step_is_that_of_gradient_descent(make_table):
    dataset = make_table(PART + 60)
    model = build(MLPSpec(hidden=(6,)), 5, 1, seed=1)
    make_loss(dataset, SGD)(model(dataset.inputs), dataset.targets).backward()
    expected = -np.concatenate([parameter.grad.numpy().ravel() for parameter in model.parameters()])
    found = moved(dataset, Mechanism(1e6, SILENT / 1e6, 1.0, len(dataset)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_record_more_moves_the_weights_by_the_clip_over_the_expected_batch_at_most(make_table):
    dataset = make_table(40)
    without = type(dataset)(dataset.inputs[1:], dataset.targets[1:])
    mechanism = Mechanism(clip=0.3, noise_multiplier=SILENT, sample_rate=1.0, batch=40.0)
    change = moved(dataset, mechanism) - moved(without, mechanism)
    assert 0 < np.linalg.norm(change) <= 0.3 / 40.0 * (1 + 1e-4)


def test_the_noise_has_the_deviation_that_is_charged_for(make_table):
    dataset = make_table(20)
    mechanism = Mechanism(clip=0.5, noise_multiplier=100.0, sample_rate=1.0, batch=10.0)
    drawn = np.concatenate([moved(dataset, mechanism, hidden=128) for _ in range(15)])
    # Of 13,455 draws: eight deviations of what is estimated.
    assert drawn.std() == pytest.approx(100.0 * 0.5 / 10.0, rel=0.05)


def test_every_step_has_its_own_noise(make_table):
    dataset = make_table(20)
    mechanism = Mechanism(clip=0.5, noise_multiplier=100.0, sample_rate=1.0, batch=10.0)
    drawn = np.concatenate([moved(dataset, mechanism, steps=4, hidden=128) for _ in range(15)])
    assert drawn.std() == pytest.approx(2.0 * 100.0 * 0.5 / 10.0, rel=0.05)


def test_an_empty_batch_still_takes_a_noisy_step(make_table):
    nobody = make_table(0)
    assert np.all(moved(nobody, Mechanism(1.0, 1.0, 0.5, 8.0), Chance(1)) != 0.0)


def test_what_a_batch_is_divided_by_is_the_told_number_of_rows_and_not_the_true_one(make_table):
    dataset = make_table(30)
    told = [moved(dataset, Mechanism(1.0, SILENT, 1.0, batch)) for batch in (30.0, 60.0)]
    np.testing.assert_allclose(told[0], 2 * told[1], rtol=1e-4, atol=1e-6)


def test_the_witness_sees_the_noisy_gradients_that_the_optimiser_gets(make_table):
    class Sees:
        def step(self, parameters, gradients):
            self.gradients = [gradient.clone() for gradient in gradients]

    sees = Sees()
    change = moved(make_table(20), Mechanism(1.0, 5.0, 1.0, 20.0), witness=sees)
    np.testing.assert_allclose(-change, torch.cat([each.flatten() for each in sees.gradients]), atol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_the_operating_system_others(make_table):
    dataset, mechanism = make_table(20), Mechanism(1.0, 1.0, 0.5, 10.0)
    assert np.array_equal(moved(dataset, mechanism, Chance(3)), moved(dataset, mechanism, Chance(3)))
    assert not np.array_equal(moved(dataset, mechanism), moved(dataset, mechanism))


@pytest.mark.parametrize("settings", [{}, {"loss": "huber"}, {"label_smoothing": 0.2}], ids=str)
@pytest.mark.parametrize("classes", [0, 3])
def test_the_mean_of_the_rows_losses_is_the_loss_of_the_batch(make_table, settings, classes):
    dataset, local = make_table(12, classes=classes), LocalTraining(**settings)
    outputs = torch.randn(12, max(1, classes), generator=torch.Generator().manual_seed(0))
    each = row_losses(dataset, local)(outputs, dataset.targets)
    assert each.shape == (12,)
    assert float(each.mean()) == pytest.approx(float(make_loss(dataset, local)(outputs, dataset.targets)), rel=1e-5)
