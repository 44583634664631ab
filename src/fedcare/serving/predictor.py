"""A model and records give predictions; what was assumed on the way is said with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from fedcare.data.preprocessing import Preprocessing
from fedcare.data.table_preprocessing import TablePreprocessing
from fedcare.errors import BadValue
from fedcare.serving.answers import Answer, Prediction, Refusal
from fedcare.serving.encoder import Encoder, Record
from fedcare.serving.explanation import Explainer, Explanation
from fedcare.serving.image_predictor import ImagePredictor, Seen
from fedcare.serving.patient_row import PatientRow
from fedcare.serving.session import Array, Session
from fedcare.serving.wording import Wording, Words
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration

# Rows that go through the graph at once: enough to be quick, few enough for a small machine's memory.
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Answers(Sequence[Answer]):
    """Answers to many records, kept as columns; each becomes an object when it is looked at.

    ``words`` has a row for each record, NaN for one that was refused; ``odd`` holds by place the records of which
    there is something to say, refusals included.
    """

    words: Words
    odd: Mapping[int, PatientRow | Refusal]
    wording: Wording

    def __len__(self) -> int:
        return len(self.words.values)

    def __iter__(self) -> Iterator[Answer]:
        return self.wording.all_spoken(self.words, self.odd)

    @overload
    def __getitem__(self, place: int) -> Answer: ...
    @overload
    def __getitem__(self, place: slice) -> list[Answer]: ...
    def __getitem__(self, place: int | slice) -> Answer | list[Answer]:
        """The answer at a place."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        said = self.odd.get(place)
        if said is None:
            return self.wording.spoken(self.words, place)
        return (
            said if isinstance(said, Refusal) else self.wording.spoken(self.words, place, said.warnings, said.reasons)
        )


class Predictor:
    """A model version made ready: its ONNX graph, task, preprocessing and calibration. Threads may share it.

    ``institution`` in what follows is where the record comes from: an institution whose validation rows were many
    enough has intervals of its own.
    """

    def __init__(
        self,
        graph: bytes,
        task: Task,
        preprocessing: Preprocessing,
        threshold: float = 0.5,
        calibration: Calibration | None = None,
    ) -> None:
        """Load the graph; raises CorruptModel where ONNX Runtime refuses it."""
        self.task = task
        self._wording = Wording(task, preprocessing, threshold, calibration)
        if isinstance(preprocessing, TablePreprocessing):
            # A table's model is so small that a second thread would cost more than it brings.
            self._session = Session(graph, threads=1)
            self._encoder = Encoder(preprocessing)
            self._explainer = Explainer(preprocessing, self._session, self._wording)
        else:
            self._session = Session(graph)
            self._images = ImagePredictor(preprocessing, self._session, self._wording)

    # -- tables -------------------------------------------------------------------------------------------------------

    def predict(self, record: Record, institution: str | None = None) -> Answer:
        """The answer to one record of a table: values by feature, numbers or texts; other names in it are ignored.

        Raises BadValue where the task is about images.
        """
        self._require_table()
        encoded = self._encoder.one(record)
        return encoded if isinstance(encoded, Refusal) else self._said(*encoded, institution)[0]

    def explain(self, record: Record, institution: str | None = None) -> tuple[Prediction, Explanation] | Refusal:
        """The answer to one record and what each feature gave to it; raises BadValue where the task is about images."""
        self._require_table()
        encoded = self._encoder.one(record)
        if isinstance(encoded, Refusal):
            return encoded
        prediction, outputs = self._said(*encoded, institution)
        return prediction, self._explainer.explain(record, encoded[0], outputs, prediction.label)

    def batch(self, records: Sequence[Record], institution: str | None = None) -> Answers:
        """The answers to many records, as columns; raises BadValue where the task is about images."""
        self._require_table()
        encoded = self._encoder.many(records)
        starts = range(0, len(encoded.inputs), ROWS_AT_ONCE)
        parts = [self._session.outputs(encoded.inputs[start : start + ROWS_AT_ONCE]) for start in starts]
        outputs = np.concatenate(parts) if parts else np.empty((0, max(1, len(self.task.records.target.classes))))
        words = self._wording.many(outputs.astype(np.float32, copy=False), encoded.inputs, institution)
        if len(encoded.places) < len(records):
            words = _spread(words, encoded.places, len(records))
        return Answers(words, encoded.odd, self._wording)

    def rows(self, records: Sequence[Record], institution: str | None = None) -> list[Answer]:
        """The answers to many records as objects; raises BadValue where the task is about images."""
        return list(self.batch(records, institution))

    # -- images -------------------------------------------------------------------------------------------------------

    def images(self, images: Sequence[Path | bytes]) -> list[Answer]:
        """An answer for each PNG, JPEG or DICOM, given by its path or bytes; raises BadValue for a table's task."""
        return [each.prediction if isinstance(each, Seen) else each for each in self._of_images().many(images)]

    def image(self, image: Path | bytes) -> Seen:
        """One image's prediction with its heat map; raises BadImage, and BadValue for a table's task."""
        return self._of_images().one(image)

    # -- shared -------------------------------------------------------------------------------------------------------

    def _said(self, inputs: Array, row: PatientRow | None, institution: str | None) -> tuple[Prediction, Array]:
        outputs = self._session.outputs(inputs)
        if row is None:
            return self._wording.one(outputs[0], inputs[0], institution), outputs
        return self._wording.one(outputs[0], inputs[0], institution, row.warnings, row.reasons), outputs

    def _require_table(self) -> None:
        if self.task.records.kind != "table":
            raise BadValue(field="row", reason=f"the task {self.task.name} predicts from images")

    def _of_images(self) -> ImagePredictor:
        if self.task.records.kind != "image":
            raise BadValue(field="image", reason=f"the task {self.task.name} predicts from a table's rows")
        return self._images


def _spread(words: Words, places: np.ndarray[tuple[int], np.dtype[np.int64]], count: int) -> Words:
    """The columns with a row for each record that was given, NaN where one was refused."""
    columns = []
    for column in (words.values, words.lows, words.highs, words.probabilities):
        spread = np.full((count, *column.shape[1:]), np.nan)
        spread[places] = column
        columns.append(spread)
    return Words(*columns)
