"""The features of ``models.scattering`` as nodes of an ONNX graph, step by step as that file computes them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from fedcare.models.scattering import EVEN, FAINT, TINY, WINDOW, Scattering, averaging
from fedcare.registry.graph_builder import INPUT, Graph


@dataclass(frozen=True)
class _Maps:
    """A node's output of shape ``(n, channels, side, side)``."""

    name: str
    channels: int
    side: int


def scattering_features(graph: Graph, model: Scattering, size: int) -> str:
    """Nodes from images of ``size`` pixels to their features; the name of the last one's output."""
    image = _even(graph, _averaged(graph, _Maps(INPUT, 1, size), min(model.spec.side, size)))
    pooled = [_averaged(graph, image, model.spec.places)]
    scale = image
    for octave in range(model.spec.octaves):
        first = _modulus(graph, model, scale)
        pooled.append(_logarithm(graph, _averaged(graph, first, model.spec.places)))
        for _ in range(octave + 1, model.spec.octaves):
            first = _halved(graph, first)
            pooled.append(_logarithm(graph, _averaged(graph, _modulus(graph, model, first), model.spec.places)))
        scale = _halved(graph, scale) if octave + 1 < model.spec.octaves else scale
    whole = graph.add("Concat", *(each.name for each in pooled), axis=1)
    maps = _even(graph, _Maps(whole, model.spec.channels, model.spec.places))
    return graph.add("Div", graph.add("Flatten", maps.name), _number(graph, sqrt(model.linear.in_features)))


def _modulus(graph: Graph, model: Scattering, maps: _Maps) -> _Maps:
    filters = model.wavelets.cpu().numpy()
    single = graph.add("Reshape", maps.name, _integers(graph, -1, 1, maps.side, maps.side))
    pads = [0, 0, WINDOW // 2, WINDOW // 2] * 2
    around = graph.add("Pad", single, _integers(graph, *pads), mode="edge")
    parts = [graph.add("Conv", around, graph.constant(each)) for each in np.split(filters, 2)]
    squares = graph.add("Add", *(graph.add("Mul", part, part) for part in parts))
    length = graph.add("Sqrt", graph.add("Add", squares, _number(graph, TINY)))
    channels = maps.channels * (len(filters) // 2)
    return _Maps(
        graph.add("Reshape", length, _integers(graph, -1, channels, maps.side, maps.side)), channels, maps.side
    )


def _halved(graph: Graph, maps: _Maps) -> _Maps:
    return _Maps(
        graph.add("AveragePool", maps.name, kernel_shape=[2, 2], strides=[2, 2]), maps.channels, maps.side // 2
    )


def _averaged(graph: Graph, maps: _Maps, side: int) -> _Maps:
    if maps.side == side:
        return maps
    weights = averaging(maps.side, side)
    rows = graph.add("MatMul", graph.constant(weights), maps.name)
    return _Maps(graph.add("MatMul", rows, graph.constant(weights.T)), maps.channels, side)


def _even(graph: Graph, maps: _Maps) -> _Maps:
    places = _integers(graph, 2, 3)
    centred = graph.add("Sub", maps.name, graph.add("ReduceMean", maps.name, places))
    variance = graph.add("ReduceMean", graph.add("Mul", centred, centred), places)
    deviation = graph.add("Sqrt", graph.add("Add", variance, _number(graph, EVEN**2)))
    return _Maps(graph.add("Div", centred, deviation), maps.channels, maps.side)


def _logarithm(graph: Graph, maps: _Maps) -> _Maps:
    return _Maps(graph.add("Log", graph.add("Add", maps.name, _number(graph, FAINT))), maps.channels, maps.side)


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array(value, dtype=np.float32))


def _integers(graph: Graph, *values: int) -> str:
    return graph.constant(np.array(values, dtype=np.int64))
