"""ONNX graphs against the models they stand for."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from fedcare.data.image_preprocessing import ImagePreprocessing
from fedcare.errors import FedCareError
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ResNetSpec, ScatteringSpec
from fedcare.registry.onnx_graph import export
from fedcare.tasks.registry import get


def run(graph, inputs):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["output", "prediction"], {"features": inputs})


def shaken(model, rng):
    """The model with every weight and running statistic moved off its first value."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                noise = torch.from_numpy(rng.normal(0, 0.05, tensor.shape)).to(tensor.dtype)
                tensor.add_(noise.abs() if "var" in name else noise)
    return model.eval()


@pytest.mark.parametrize("name", ["insurance-cost", "breast-cancer"])
@pytest.mark.parametrize("hidden", [(128, 64, 32), (), (7,)])
def test_a_table_model_agrees_with_torch_for_any_number_of_rows(name, hidden, fit_task, rng):
    task = get(name)
    preprocessing = fit_task(task)
    features, outputs = len(preprocessing.feature_names), max(1, len(task.records.target.classes))
    model = shaken(build(MLPSpec(hidden=hidden, dropout=0.3), features, outputs, 3), rng)
    graph = export(model, preprocessing, task.kind)
    for rows in (1, 5, 64):
        inputs = rng.normal(size=(rows, features)).astype(np.float32)
        raw, prediction = run(graph, inputs)
        with torch.no_grad():
            expected = model(torch.from_numpy(inputs))
        assert raw == pytest.approx(expected.numpy(), abs=1e-5)
        if task.kind == "regression":
            assert prediction == pytest.approx(preprocessing.to_unit(expected.numpy()), rel=1e-5, abs=0.1)
        else:
            assert prediction == pytest.approx(expected.softmax(1).numpy(), abs=1e-5)


@pytest.mark.parametrize("norm", ["batch", "group"])
@pytest.mark.parametrize("size", [28, 65])
def test_an_image_model_agrees_with_torch(norm, size, rng):
    preprocessing = ImagePreprocessing(size, ("normal", "cancer"), 0.4, 0.2)
    model = shaken(build(ResNetSpec(norm=norm), 0, 2, 3), rng)
    inputs = rng.normal(size=(3, 1, size, size)).astype(np.float32)
    raw, prediction = run(export(model, preprocessing, "binary"), inputs)
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs))
    scale = max(1.0, float(expected.abs().max()))
    assert raw / scale == pytest.approx(expected.numpy() / scale, abs=1e-5)
    assert prediction == pytest.approx(expected.softmax(1).numpy(), abs=1e-5)


@pytest.mark.parametrize("size", [28, 29, 65])
@pytest.mark.parametrize("octaves", [0, 1, 3])
def test_fixed_features_agree_with_torch(octaves, size, rng):
    preprocessing = ImagePreprocessing(size, ("normal", "cancer"), 0.4, 0.2)
    model = build(ScatteringSpec(octaves=octaves, orientations=4, places=5), 0, 2, 3)
    for rows in (1, 3):
        inputs = rng.normal(size=(rows, 1, size, size)).astype(np.float32)
        raw, prediction = run(export(model, preprocessing, "binary"), inputs)
        with torch.no_grad():
            expected = model(torch.from_numpy(inputs))
        assert raw == pytest.approx(expected.numpy(), abs=1e-5)
        assert prediction == pytest.approx(expected.softmax(1).numpy(), abs=1e-5)


def test_the_same_weights_give_the_same_bytes(fit_task):
    task = get("breast-cancer")
    preprocessing = fit_task(task)
    first, again = (export(build(task.model, 30, 2, 1), preprocessing, task.kind) for _ in range(2))
    assert first == again


def test_a_model_without_a_graph_is_refused(fit_task):
    task = get("breast-cancer")
    with pytest.raises(FedCareError, match="Linear"):
        export(nn.Linear(30, 2), fit_task(task), task.kind)


@pytest.mark.parametrize("norm", ["batch", "group"])
@pytest.mark.parametrize("size", [28, 65, 200])
def test_the_mean_of_the_class_activation_map_and_the_bias_are_the_logits(norm, size, rng):
    preprocessing = ImagePreprocessing(size, ("normal", "cancer"), 0.4, 0.2)
    model = shaken(build(ResNetSpec(norm=norm), 0, 2, 3), rng)
    inputs = rng.normal(size=(2, 1, size, size)).astype(np.float32)
    session = onnxruntime.InferenceSession(export(model, preprocessing, "binary"), providers=["CPUExecutionProvider"])
    raw, activation = session.run(["output", "activation"], {"features": inputs})
    side = -(-size // 32)
    assert activation.shape == (2, 2, side, side)
    bias = model.linear.bias.detach().numpy()
    scale = max(1.0, float(np.abs(raw).max()))
    assert (activation.mean(axis=(2, 3)) + bias) / scale == pytest.approx(raw / scale, abs=1e-5)
