"""A federation that trains a linear layer on fixed features of images, and what comes of it."""

import numpy as np
import pytest

from fedcare.federation.coordinator import initial_weights
from fedcare.federation.messages import Instruction
from fedcare.federation.simulation import Job, simulate
from fedcare.federation.site import Site
from fedcare.plan import canonical_json
from fedcare.registry.version import ONNX, read_version
from fedcare.serving.occlusion import PLACES
from fedcare.serving.predictor import Predictor

SMALL = {
    "num_samples": 120,
    "image_size": 28,
    "model__kind": "scattering",
    "octaves": 1,
    "orientations": 2,
    "places": 3,
    "rounds__rounds": 2,
}
# So little noise on the evaluation that a few images are told from none.
PRIVATE = {"privacy__dp__enabled": "true", "privacy__dp__evaluation_noise": 0.05, "full_batch": "true"}


@pytest.mark.parametrize("settings", [{}, PRIVATE], ids=["plain", "private"])
def test_a_run_ends_in_a_version_that_answers_with_a_heat_map(study, folder, watcher, settings):
    from io import BytesIO

    from PIL import Image

    summary = simulate(Job(study("cancer-imaging", **SMALL, **settings), "inprocess", folder), watcher)
    assert 0.0 <= summary["metrics"]["auc"] <= 1.0
    version = read_version(folder / "model")
    assert version.weights()[0].size == (3 * 9 + 1) * 2
    predictor = Predictor(version.content(ONNX), version.task, version.preprocessing, version.threshold)
    written = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)).save(written, "PNG")
    assert predictor.image(written.getvalue()).heat.shape == (PLACES, PLACES)


@pytest.mark.parametrize(("kind", "fixed"), [("none", True), ("flip", False)])
def test_an_institution_computes_features_once_unless_its_images_change_at_random(study, kind, fixed):
    from fedcare.data.declared import declared

    made = study("cancer-imaging", **SMALL, augment=kind)
    site, scaling = Site(made.institutions[0]), canonical_json(declared(made.task.records).to_json())
    instruction = Instruction(made.plan.canonical(), 1, "train", scaling)
    assert site.dataset(instruction, "train").is_images is not fixed
    assert site.dataset(instruction, "train") is site.dataset(instruction, "train")
    assert not site.dataset(instruction, "validation").is_images
    _, vector = initial_weights(made.task, 1, 1)
    assert np.isfinite(site.train(instruction, vector).vector).all()
