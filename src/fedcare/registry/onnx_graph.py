"""A trained model as an ONNX graph, so that a prediction needs no torch.

The graphs are built by hand, layer by layer: the models use a handful of operators, and the result is small, the same
for the same weights, and free of an exporter's own dependencies.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from fedcare.data.preprocessing import Preprocessing
from fedcare.data.schema import Kind
from fedcare.errors import FedCareError
from fedcare.models.mlp import MLP
from fedcare.models.resnet import BasicBlock, SmallResNet18
from fedcare.models.scattering import Scattering
from fedcare.registry.graph_builder import ACTIVATION, INPUT, OUTPUT, PREDICTION, Graph
from fedcare.registry.scattering_graph import scattering_features


def export(model: nn.Module, preprocessing: Preprocessing, kind: Kind) -> bytes:
    """The model as a checked ONNX file.

    Input ``features``: what the model itself takes, float32 of shape ``(n, features)`` or ``(n, 1, H, W)``, n being
    free. Outputs: ``output``, what the model gives, and ``prediction``, shape ``(n, classes)`` probabilities or
    ``(n, 1)`` the target in its own unit. A SmallResNet18 also gives ``activation``, ``(n, classes, h, w)``: its class
    activation map (Zhou et al., CVPR 2016), exact since an average and one linear layer are all that follows the last
    features; its mean over the places plus the layer's bias is ``output``. Raises FedCareError for a model that is
    none of MLP, SmallResNet18 and Scattering.
    """
    graph = Graph()
    if isinstance(model, MLP):
        shape: tuple[int, ...] = (len(preprocessing.feature_names),)
        raw = _mlp(graph, model)
    elif isinstance(model, SmallResNet18 | Scattering):
        size = int(preprocessing.to_json()["image_size"])
        shape = (1, size, size)
        raw = _resnet(graph, model) if isinstance(model, SmallResNet18) else _scattering(graph, model, size)
    else:
        raise FedCareError(reason=f"a {type(model).__name__} cannot be written as an ONNX graph")
    graph.add("Identity", raw, output=OUTPUT)
    _prediction(graph, preprocessing, kind)
    return graph.to_bytes(shape, _outputs(model), isinstance(model, SmallResNet18))


# -- the models -------------------------------------------------------------------------------------------------------


def _mlp(graph: Graph, model: MLP) -> str:
    hidden = INPUT
    for place, layer in enumerate(model.layers):
        if place:
            hidden = graph.add("Relu", hidden)
        hidden = _linear(graph, layer, hidden)
    return hidden


def _resnet(graph: Graph, model: SmallResNet18) -> str:
    hidden = graph.add("Relu", _norm(graph, model.norm, _conv(graph, model.conv, INPUT)))
    hidden = graph.add("MaxPool", hidden, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for block in model.blocks:
        hidden = _block(graph, block, hidden)
    weight = model.linear.weight.detach().cpu().numpy()
    graph.add("Conv", hidden, graph.constant(weight[:, :, np.newaxis, np.newaxis]), output=ACTIVATION)
    hidden = graph.add("Flatten", graph.add("GlobalAveragePool", hidden))
    return _linear(graph, model.linear, hidden)


def _scattering(graph: Graph, model: Scattering, size: int) -> str:
    return _linear(graph, model.linear, scattering_features(graph, model, size))


def _block(graph: Graph, block: nn.Module, inputs: str) -> str:
    assert isinstance(block, BasicBlock)
    hidden = graph.add("Relu", _norm(graph, block.norm1, _conv(graph, block.conv1, inputs)))
    hidden = _norm(graph, block.norm2, _conv(graph, block.conv2, hidden))
    shortcut = inputs
    if len(block.shortcut):
        shortcut = _norm(graph, block.shortcut[1], _conv(graph, block.shortcut[0], inputs))
    return graph.add("Relu", graph.add("Add", hidden, shortcut))


def _prediction(graph: Graph, preprocessing: Preprocessing, kind: Kind) -> None:
    if kind != "regression":
        graph.add("Softmax", OUTPUT, output=PREDICTION, axis=1)
        return
    scale, mean = (
        graph.constant(np.array([value], dtype=np.float32))
        for value in (preprocessing.target_scale, preprocessing.target_mean)
    )
    graph.add("Add", graph.add("Mul", OUTPUT, scale), mean, output=PREDICTION)


# -- the layers -------------------------------------------------------------------------------------------------------


def _linear(graph: Graph, layer: nn.Module, inputs: str) -> str:
    assert isinstance(layer, nn.Linear)
    return graph.add("Gemm", inputs, graph.weight(layer.weight), graph.weight(layer.bias), transB=1)


def _conv(graph: Graph, layer: nn.Module, inputs: str) -> str:
    assert isinstance(layer, nn.Conv2d)
    padding = [int(side) for side in layer.padding]
    return graph.add("Conv", inputs, graph.weight(layer.weight), strides=list(layer.stride), pads=padding * 2)


def _norm(graph: Graph, layer: nn.Module, inputs: str) -> str:
    assert isinstance(layer, nn.BatchNorm2d | nn.GroupNorm)
    scale, shift = graph.weight(layer.weight), graph.weight(layer.bias)
    if isinstance(layer, nn.GroupNorm):
        groups = layer.num_groups
        return graph.add("GroupNormalization", inputs, scale, shift, epsilon=layer.eps, num_groups=groups)
    mean, variance = graph.weight(layer.running_mean), graph.weight(layer.running_var)
    return graph.add("BatchNormalization", inputs, scale, shift, mean, variance, epsilon=layer.eps)


def _outputs(model: MLP | SmallResNet18 | Scattering) -> int:
    last = model.layers[-1] if isinstance(model, MLP) else model.linear
    return int(last.out_features)  # type: ignore[arg-type]
