"""What must hold for local training."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from fedcare.errors import BadSetting, TooFewRecords
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.models.vector import vector_of
from fedcare.plan import LocalTraining
from fedcare.training.batches import edges, shuffler
from fedcare.training.local import train

SMALL = MLPSpec(hidden=(8, 4))


def trained(dataset, local, spec=SMALL, outputs=1, seed=3, **where):
    model = build(spec, 5, outputs, seed=1)
    result = train(model, dataset, local, where.get("round_number", 1), where.get("rounds", 1), seed)
    return vector_of(model), result


def by_hand(dataset, local, outputs=1, seed=3, mu=0.0):
    """The same steps with torch's own optimiser and losses."""
    model = build(SMALL, 5, outputs, seed=1)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = torch.optim.AdamW(model.parameters(), lr=local.lr, weight_decay=local.weight_decay)
    random = shuffler(seed)
    for _ in range(local.epochs):
        order = torch.from_numpy(random.permutation(len(dataset)))
        for first, last in edges(len(dataset), local):
            rows = order[first:last]
            out = model(dataset.inputs[rows])
            if outputs == 1:
                loss = functional.mse_loss(out[:, 0], dataset.targets[rows])
            else:
                loss = functional.cross_entropy(out, dataset.targets[rows], label_smoothing=local.label_smoothing)
            for parameter, origin in zip(model.parameters(), start, strict=True):
                loss = loss + mu / 2 * ((parameter - origin) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return vector_of(model)


def test_training_takes_the_steps_of_a_plain_loop(make_table):
    dataset, local = make_table(65), LocalTraining(epochs=3, batch_size=16, weight_decay=0.1)
    vector, result = trained(dataset, local)
    np.testing.assert_allclose(vector, by_hand(dataset, local), atol=2e-6)
    assert (result.steps, result.examples) == (12, 65)


def test_classes_are_trained_with_smoothed_cross_entropy(make_table):
    dataset, local = make_table(40, classes=3), LocalTraining(epochs=2, batch_size=16, label_smoothing=0.1)
    np.testing.assert_allclose(trained(dataset, local, outputs=3)[0], by_hand(dataset, local, 3), atol=2e-6)


def test_the_proximal_term_is_half_mu_times_the_squared_distance(make_table):
    dataset, local = make_table(50), LocalTraining(epochs=3, batch_size=16, proximal_mu=0.7)
    np.testing.assert_allclose(trained(dataset, local)[0], by_hand(dataset, local, mu=0.7), atol=2e-5)


def test_a_strong_proximal_term_keeps_weights_near_the_global_ones(make_table):
    start = vector_of(build(SMALL, 5, 1, seed=1))

    def distance(mu):
        local = LocalTraining(optimizer="sgd", lr=0.01, epochs=5, proximal_mu=mu)
        return np.linalg.norm(trained(make_table(64), local)[0] - start)

    assert distance(0.0) > distance(5.0) > distance(50.0) > 0.0


def test_without_an_anchor_there_is_no_pull(make_table):
    free, pulled = build(SMALL, 5, 1, seed=1), build(SMALL, 5, 1, seed=1)
    train(free, make_table(40), LocalTraining(), 1, 1, 3)
    train(pulled, make_table(40), LocalTraining(proximal_mu=9.0), 1, 1, 3, anchor=False)
    assert np.array_equal(vector_of(free), vector_of(pulled))


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "huber"},
        {"optimizer": "sgd", "momentum": 0.9},
        {"lr_schedule": "cosine"},
        {"full_batch": True},
        {"weight_decay": 0.5},
        {"batch_size": 7},
    ],
)
def test_every_setting_matters(make_table, change):
    plain = trained(make_table(40), LocalTraining(epochs=2), round_number=2, rounds=3)[0]
    changed = trained(make_table(40), LocalTraining(epochs=2, **change), round_number=2, rounds=3)[0]
    assert not np.array_equal(plain, changed)
    assert np.isfinite(changed).all()


def test_balanced_weights_lift_a_rare_class(make_table):
    dataset = make_table(200, classes=2)
    dataset.targets[:] = 0
    dataset.targets[:10] = 1

    def share_of_positives(weights):
        model = build(SMALL, 5, 2, seed=1)
        train(model, dataset, LocalTraining(epochs=20, lr=0.01, class_weights=weights), 1, 1, 3)
        return functional.softmax(model(dataset.inputs), dim=1)[:, 1].mean().item()

    assert share_of_positives("balanced") > share_of_positives("none") + 0.1


def test_an_institution_with_one_class_can_weigh_its_classes(make_table):
    dataset = make_table(20, classes=2)
    dataset.targets[:] = 0
    result = trained(dataset, LocalTraining(epochs=1, class_weights="balanced"), outputs=2)[1]
    assert np.isfinite(result.loss)


def test_training_learns(make_table):
    local = LocalTraining(epochs=30, lr=0.01)
    early = trained(make_table(100), LocalTraining(epochs=1, lr=0.01))[1].loss
    assert trained(make_table(100), local)[1].loss < 0.9 * early


@pytest.mark.parametrize("augment", ["none", "flip", "standard"])
def test_images_train_to_the_same_bits_whatever_the_process_drew_before(make_images, augment):
    local = LocalTraining(epochs=1, batch_size=8, augment=augment)
    first, result = trained(make_images(17), local, spec=ResNetSpec(), outputs=2)
    torch.rand(5)
    np.random.random(5)
    assert np.array_equal(first, trained(make_images(17), local, spec=ResNetSpec(), outputs=2)[0])
    assert result.steps == 2
    assert not np.array_equal(first, trained(make_images(17), local, spec=ResNetSpec(), outputs=2, seed=4)[0])


def test_group_norm_trains_without_running_statistics(make_images):
    vector, _ = trained(make_images(6), LocalTraining(epochs=1, batch_size=4), ResNetSpec(norm="group"), outputs=2)
    assert vector.shape == (11_171_266,)
    assert np.isfinite(vector).all()


SCRIPT = """
import hashlib, numpy as np, torch
torch.set_num_threads({threads}); torch.manual_seed({noise}); torch.rand({noise})
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec
from fedcare.models.vector import vector_of
from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset
from fedcare.training.local import train
rng = np.random.default_rng(0)
rows = torch.from_numpy(rng.normal(size=(70, 5)).astype(np.float32))
model = build(MLPSpec(dropout=0.3), 5, 1, seed=1)
train(model, Dataset(rows, rows[:, 0].clone()), LocalTraining(epochs=2), 1, 1, 3)
print(hashlib.sha256(vector_of(model).tobytes()).hexdigest())
"""


def test_dropout_and_order_are_the_same_bits_in_every_process():
    scripts = [SCRIPT.format(threads=1, noise=noise) for noise in (1, 2)]
    printed = [subprocess.check_output([sys.executable, "-c", script], text=True).strip() for script in scripts]
    assert printed[0] == printed[1]
    assert len(printed[0]) == len(hashlib.sha256().hexdigest())


def test_too_few_rows_are_refused(make_table, make_images):
    with pytest.raises(TooFewRecords):
        trained(make_table(0), LocalTraining())
    with pytest.raises(TooFewRecords):
        trained(make_images(1), LocalTraining(), spec=ResNetSpec(), outputs=2)
    with pytest.raises(BadSetting):
        trained(make_images(3), LocalTraining(batch_size=1), spec=ResNetSpec(), outputs=2)
    assert trained(make_table(1), LocalTraining())[1].steps == 5
