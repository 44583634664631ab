"""What a model computes and never learns is computed once of an institution's rows."""

import torch

from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ScatteringSpec
from fedcare.training.evaluation import outputs_of
from fedcare.training.fixed_features import with_fixed_features

SMALL = ScatteringSpec(octaves=1, orientations=2, places=3)


def test_the_features_are_rows_that_give_the_outputs_of_the_images(make_images):
    model, images = build(SMALL, 0, 2, seed=1), make_images(150)
    fixed = with_fixed_features(model, images)
    assert (fixed.inputs.shape, fixed.is_images) == ((150, 27), False)
    assert torch.equal(fixed.targets, images.targets)
    torch.testing.assert_close(outputs_of(model, fixed), outputs_of(model, images), rtol=1e-4, atol=1e-6)


def test_no_images_have_no_features(make_images):
    assert with_fixed_features(build(SMALL, 0, 2, seed=1), make_images(0)).inputs.shape == (0, 27)


def test_rows_of_a_model_that_learns_all_of_itself_stay_as_they_are(make_table):
    rows = make_table(5)
    assert with_fixed_features(build(MLPSpec(), 5, 1, seed=1), rows) is rows
