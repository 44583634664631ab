"""A version's graph in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from fedcare.errors import CorruptModel

INPUT, OUTPUT, ACTIVATION = "features", "output", "activation"
Array = npt.NDArray[np.float32]


class Session:
    """Runs a graph; safe to share between threads."""

    def __init__(self, graph: bytes, threads: int = 0) -> None:
        """Load the graph; ``threads`` 0 lets ONNX Runtime choose. Raises CorruptModel where it refuses the graph."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        # Threads that spin between two predictions would take the processor from the gateway's others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            providers = ["CPUExecutionProvider"]
            self._session: Any = onnxruntime.InferenceSession(graph, sess_options=options, providers=providers)
        except Exception as error:  # ONNX Runtime's own errors share no public base.
            raise CorruptModel(path="model.onnx", reason="ONNX Runtime cannot load it") from error
        self.has_activation = any(each.name == ACTIVATION for each in self._session.get_outputs())

    def outputs(self, inputs: Array) -> Array:
        """What the model gives, ``(rows, outputs)``: a standardised number, or one logit per class."""
        result: Array = self._session.run([OUTPUT], {INPUT: inputs})[0]
        return result

    def with_activation(self, inputs: Array) -> tuple[Array, Array | None]:
        """The outputs, and what each place of the image gave to each of them, ``(rows, outputs, height, width)``.

        The latter is None for a graph of an earlier FedCare.
        """
        if not self.has_activation:
            return self.outputs(inputs), None
        outputs, activation = self._session.run([OUTPUT, ACTIVATION], {INPUT: inputs})
        return outputs, activation
