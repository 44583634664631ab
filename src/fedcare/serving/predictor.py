"""A model and records give predictions; what was assumed on the way is said with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from fedcare.data.preprocessing import Preprocessing
from fedcare.data.records import Images
from fedcare.data.schema import ImageSchema, TableSchema
from fedcare.data.sources.grey import Pixels, UnusableImage, decode
from fedcare.errors import BadValue, CorruptModel
from fedcare.serving.answers import Answer, Prediction, Refusal
from fedcare.serving.patient_row import PatientRow, RowReader, table_of
from fedcare.tasks.spec import Task

# Rows or images that go through the graph at once: enough to be quick, few enough for a small machine's memory.
ROWS_AT_ONCE = 4096
IMAGES_AT_ONCE = 16


class Predictor:
    """A model version made ready: its ONNX graph, its task and its preprocessing. Safe to share between threads."""

    def __init__(self, graph: bytes, task: Task, preprocessing: Preprocessing, threshold: float = 0.5) -> None:
        """Load the graph; raises CorruptModel where ONNX Runtime refuses it."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            providers = ["CPUExecutionProvider"]
            self._session = onnxruntime.InferenceSession(graph, sess_options=options, providers=providers)
        except Exception as error:  # ONNX Runtime's own errors share no public base.
            raise CorruptModel(path="model.onnx", reason="ONNX Runtime cannot load it") from error
        self._task, self._preprocessing, self._threshold = task, preprocessing, threshold

    def rows(self, rows: Sequence[Mapping[str, str]]) -> list[Answer]:
        """An answer for each record of a table, given as texts by feature; other names in it are ignored.

        Raises BadValue where the task is about images.
        """
        schema = self._task.records
        if not isinstance(schema, TableSchema):
            raise BadValue(field="row", reason=f"the task {self._task.name} predicts from images")
        reader = RowReader(schema)
        read = [reader.read(row) for row in rows]
        good = [row for row in read if isinstance(row, PatientRow)]
        predictions = iter(self._table_predictions(schema, good))
        return [next(predictions) if isinstance(row, PatientRow) else Refusal(row) for row in read]

    def images(self, images: Sequence[Path | bytes]) -> list[Answer]:
        """An answer for each PNG or JPEG, given by its path or its bytes; raises BadValue for a table's task."""
        schema = self._task.records
        if not isinstance(schema, ImageSchema):
            raise BadValue(field="image", reason=f"the task {self._task.name} predicts from a table's rows")
        answers: list[Answer] = []
        for start in range(0, len(images), IMAGES_AT_ONCE):
            answers += self._image_answers([_decoded(each, schema) for each in images[start : start + IMAGES_AT_ONCE]])
        return answers

    def _table_predictions(self, schema: TableSchema, rows: list[PatientRow]) -> list[Prediction]:
        predictions = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            inputs = self._preprocessing.inputs(table_of(schema, some)).astype(np.float32)
            for row, outputs in zip(some, self._run(inputs), strict=True):
                predictions.append(self._said(outputs, row.warnings))
        return predictions

    def _image_answers(self, decoded: list[Pixels | Refusal]) -> list[Answer]:
        pixels = [each for each in decoded if not isinstance(each, Refusal)]
        outputs = iter(self._run(self._image_inputs(np.stack(pixels))) if pixels else ())
        return [each if isinstance(each, Refusal) else self._said(next(outputs), ()) for each in decoded]

    def _image_inputs(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        raw = self._preprocessing.inputs(Images(pixels, np.zeros(len(pixels)))).astype(np.float32) / np.float32(255.0)
        scaled = (raw - self._preprocessing.input_mean) / self._preprocessing.input_scale
        return scaled.astype(np.float32)

    def _run(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(self._session.run(["prediction"], {"features": inputs})[0], dtype=np.float32)

    def _said(self, outputs: npt.NDArray[np.float32], warnings: tuple[str, ...]) -> Prediction:
        target = self._task.records.target
        if target.kind == "regression":
            value = float(outputs[0])
            return Prediction(value, target.unit, warnings=(*warnings, *self._beyond_the_target(value)))
        probabilities = {name: float(value) for name, value in zip(target.classes, outputs, strict=True)}
        if target.kind == "binary":
            label = target.classes[int(outputs[1] >= self._threshold)]
            return Prediction(probabilities[label], "", label, probabilities, self._threshold, warnings)
        label = target.classes[int(outputs.argmax())]
        return Prediction(probabilities[label], "", label, probabilities, warnings=warnings)

    def _beyond_the_target(self, value: float) -> list[str]:
        target = self._task.records.target
        if (target.minimum is None or value >= target.minimum) and (target.maximum is None or value <= target.maximum):
            return []
        return [f"the prediction is a value that {target.name} cannot have: the record is unlike the training rows"]


def _decoded(image: Path | bytes, schema: ImageSchema) -> Pixels | Refusal:
    try:
        return decode(image, schema.image_size)
    except UnusableImage as problem:
        return Refusal((("image", str(problem)),))
