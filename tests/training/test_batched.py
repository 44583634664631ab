"""What must hold for training all institutions together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from fedcare.errors import BadUpdate, EngineUnavailable, TooFewRecords
from fedcare.models.build import build
from fedcare.models.mlp import MLP
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.models.vector import load_vector, vector_of
from fedcare.plan import LocalTraining
from fedcare.training import batched
from fedcare.training.batched import Together, supports
from fedcare.training.dataset import Dataset
from fedcare.training.local import train
from fedcare.training.stacked_mlp import Scratch, StackedMLP, empty_stack, fill, read

SPEC = MLPSpec(hidden=(8, 6))


def rows(count, classes, seed):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(rng.normal(size=(count, 4)).astype(np.float32))
    if classes > 1:
        return Dataset(inputs, torch.from_numpy(rng.integers(0, classes, count)))
    return Dataset(inputs, torch.from_numpy(rng.normal(size=count).astype(np.float32)))


def alone(spec, vector, dataset, outputs, local, seed, round_number=2, rounds=5):
    model = build(spec, 4, outputs, seed=9)
    load_vector(model, vector)
    loss = train(model, dataset, local, round_number, rounds, seed).loss
    return vector_of(model), loss


def train_together(spec, vector, datasets, local, round_number, rounds, seeds):
    return Together(spec, len(vector), datasets, local, rounds).train(vector, round_number, seeds)


def assert_equals_one_by_one(sizes, outputs, local, tolerance=2e-5):
    vector = vector_of(build(SPEC, 4, outputs, seed=1))
    datasets = [rows(size, outputs, seed=place) for place, size in enumerate(sizes)]
    seeds = [100 + place for place in range(len(sizes))]
    matrix, losses = train_together(SPEC, vector, datasets, local, 2, 5, seeds)
    assert matrix[0].dtype == np.float32
    for place, dataset in enumerate(datasets):
        expected, loss = alone(SPEC, vector, dataset, outputs, local, seeds[place])
        np.testing.assert_allclose(matrix[place], expected, atol=tolerance)
        assert losses[place] == pytest.approx(loss, rel=1e-4, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    outputs=st.sampled_from([1, 2, 3]),
    epochs=st.integers(1, 3),
    batch_size=st.integers(1, 16),
    full_batch=st.booleans(),
)
def test_unequal_institutions_end_where_each_would_alone(sizes, outputs, epochs, batch_size, full_batch):
    local = LocalTraining(
        epochs=epochs, batch_size=batch_size, full_batch=full_batch, optimizer="sgd", lr=0.02, momentum=0.5
    )
    assert_equals_one_by_one(sizes, outputs, local)


@pytest.mark.parametrize(
    ("outputs", "change"),
    [
        (1, {}),
        (1, {"loss": "huber", "lr": 0.01}),
        (1, {"weight_decay": 0.3, "lr_schedule": "cosine"}),
        (1, {"proximal_mu": 2.0}),
        (1, {"optimizer": "sgd", "lr": 0.01, "weight_decay": 0.3, "proximal_mu": 0.5, "momentum": 0.9}),
        (2, {"label_smoothing": 0.1}),
        (3, {"class_weights": "balanced"}),
        (2, {"class_weights": "balanced", "label_smoothing": 0.2, "proximal_mu": 0.5}),
    ],
)
def test_every_setting_gives_what_one_after_the_other_gives(outputs, change):
    assert_equals_one_by_one([33, 7, 64, 65], outputs, LocalTraining(epochs=2, batch_size=16).model_copy(update=change))


@pytest.mark.parametrize("loss", ["squared_error", "huber", "cross_entropy"])
def test_the_written_backward_pass_equals_the_one_of_torch(loss):
    torch.manual_seed(0)
    widths = (4, 5, 3, 1 if loss != "cross_entropy" else 3)
    models = [MLP(widths) for _ in range(3)]
    for model in models:
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
    weights_of_all = empty_stack(widths, len(models))
    fill(weights_of_all, torch.from_numpy(np.stack([vector_of(model) for model in models])))
    gradients = [torch.full_like(tensor, 7.0) for tensor in weights_of_all]
    stack = StackedMLP(weights_of_all, gradients, Scratch(widths, 20), rows=6)
    inputs, weights = torch.randn(3, 6, 4), torch.rand(3, 6, 1)
    answers = torch.randn(3, 6, 1) if loss != "cross_entropy" else torch.softmax(torch.randn(3, 6, 3), 2)
    stack.inputs.copy_(inputs)
    losses, slope = getattr(batched, loss)(stack.forward(), answers, weights)
    stack.backward(slope)
    flat = torch.empty(len(models), len(vector_of(models[0])))
    read(gradients, flat)
    for place, model in enumerate(models):
        out = model(inputs[place])
        if loss == "cross_entropy":
            each = functional.cross_entropy(out, answers[place], reduction="none")[:, None]
        else:
            name = {"squared_error": functional.mse_loss, "huber": functional.huber_loss}[loss]
            each = name(out, answers[place], reduction="none")
        total = (each * weights[place]).sum()
        total.backward()
        assert losses[place].item() == pytest.approx(total.item(), rel=1e-5)
        expected = torch.cat([parameter.grad.reshape(-1) for parameter in model.parameters()])
        torch.testing.assert_close(flat[place], expected, rtol=1e-4, atol=1e-5)


def test_the_same_round_gives_the_same_bits():
    vector = vector_of(build(SPEC, 4, 1, seed=1))
    datasets = [rows(size, 1, seed=size) for size in (30, 11, 50)]
    first = train_together(SPEC, vector, datasets, LocalTraining(), 1, 1, [1, 2, 3])
    torch.rand(3)
    second = train_together(SPEC, vector, datasets, LocalTraining(), 1, 1, [1, 2, 3])
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_a_round_owes_nothing_to_the_rounds_before_it():
    vector = vector_of(build(SPEC, 4, 1, seed=1))
    datasets = [rows(size, 1, seed=size) for size in (30, 11, 50)]
    for optimizer in ("adam", "sgd"):
        local = LocalTraining(optimizer=optimizer, momentum=0.9, lr=0.01)
        kept = Together(SPEC, len(vector), datasets, local, 2)
        first, _ = kept.train(vector, 1, [1, 2, 3])
        mean = np.mean(first, axis=0)
        second, losses = kept.train(mean, 2, [4, 5, 6])
        fresh, fresh_losses = train_together(SPEC, mean, datasets, local, 2, 2, [4, 5, 6])
        assert np.array_equal(second, fresh)
        assert np.array_equal(losses, fresh_losses)


def test_the_number_of_threads_changes_no_bit():
    vector = vector_of(build(SPEC, 4, 1, seed=1))
    datasets = [rows(40 + place, 1, seed=place) for place in range(12)]
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(train_together(SPEC, vector, datasets, LocalTraining(), 1, 1, list(range(12))))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_the_global_vector_is_left_alone():
    vector = vector_of(build(SPEC, 4, 1, seed=1))
    before = vector.copy()
    vector.setflags(write=False)
    train_together(SPEC, vector, [rows(9, 1, 0)], LocalTraining(), 1, 1, [1])
    assert np.array_equal(vector, before)


def test_what_it_cannot_train_is_refused_in_words():
    assert supports(LocalTraining(), MLPSpec()) is None
    assert "perceptrons" in supports(LocalTraining(), ResNetSpec())
    assert "dropout" in supports(LocalTraining(), MLPSpec(dropout=0.1))
    assert "cuda" in supports(LocalTraining(), MLPSpec(), torch.device("cuda"))
    vector = vector_of(build(SPEC, 4, 1, seed=1))
    with pytest.raises(EngineUnavailable, match="dropout"):
        train_together(MLPSpec(dropout=0.5), vector, [rows(9, 1, 0)], LocalTraining(), 1, 1, [1])
    with pytest.raises(BadUpdate):
        train_together(SPEC, vector[:-1], [rows(9, 1, 0)], LocalTraining(), 1, 1, [1])
    with pytest.raises(TooFewRecords):
        train_together(SPEC, vector, [rows(9, 1, 0), rows(0, 1, 0)], LocalTraining(), 1, 1, [1, 2])
