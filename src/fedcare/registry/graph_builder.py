"""An ONNX file in the making: nodes and weights, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUT, OUTPUT, PREDICTION, ACTIVATION = "features", "output", "prediction", "activation"
# Operator set 21 is the first whose group normalisation is torch's; ONNX Runtime reads it since 1.18.
OPSET, IR_VERSION = 21, 10


class Graph:
    """Nodes and weights in the order in which they are needed."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str | None = None, **options: Any) -> str:
        """Append a node with one output and return that output's name."""
        name = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **options))
        return name

    def constant(self, value: np.ndarray[Any, np.dtype[Any]]) -> str:
        """Store an array and return its name."""
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, tensor: Any) -> str:
        """Store a model's tensor and return its name."""
        return self.constant(tensor.detach().cpu().numpy())

    def to_bytes(self, shape: tuple[int, ...], outputs: int, activation: bool) -> bytes:
        """The whole file, checked, with shapes inferred."""
        given = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", outputs]) for name in (OUTPUT, PREDICTION)
        ]
        if activation:
            given.append(helper.make_tensor_value_info(ACTIVATION, TensorProto.FLOAT, ["n", outputs, "h", "w"]))
        graph = helper.make_graph(
            self._nodes,
            "fedcare",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", *shape])],
            given,
            self._weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="fedcare"
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
