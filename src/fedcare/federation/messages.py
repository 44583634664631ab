"""Flower messages to FedCare's words and back: the only place that knows which key holds what."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, RecordDict
from flwr.common.constant import ErrorCode

from fedcare.aggregation.exchange import Answer, Split
from fedcare.federation.arrays import packed
from fedcare.plan import TrainingPlan
from fedcare.privacy.secure_sum.wire import Step
from fedcare.tasks.spec import Task
from fedcare.update import Vector

WEIGHTS, VECTOR, COMPRESSED = "weights", "vector", "compressed"
PAYLOAD, STEP, ROWS = "payload", "step", "rows"
ANSWER, SUMS, EXAMPLES = "answer", "sums", "num-examples"


@dataclass(frozen=True)
class Instruction:
    """What the coordinator asks: a plan, the round, the split to evaluate, the federation's preprocessing.

    Under secure aggregation a question has a ``step`` and a ``payload`` (``privacy.secure_sum.wire``), and tells before
    training how many training ``rows`` all institutions announced together.
    """

    plan: str
    round: int = 0
    split: Split = "train"
    preprocessing: str = ""
    step: Step = ""
    payload: bytes = b""
    rows: int = 0

    @cached_property
    def plan_hash(self) -> str:
        """SHA-256 of the plan's text as it was sent: what an institution approves."""
        return hashlib.sha256(self.plan.encode(errors="surrogatepass")).hexdigest()

    def recipe(self) -> tuple[TrainingPlan, Task]:
        """The plan and the task it declares."""
        return _recipe(self.plan)


@lru_cache(maxsize=8)
def _recipe(text: str) -> tuple[TrainingPlan, Task]:
    plan = TrainingPlan.model_validate_json(text)
    return plan, Task.model_validate(plan.task)


def ask(instruction: Instruction, vector: Vector | None = None) -> RecordDict:
    """The content of a question; one object may go into the messages to all institutions."""
    config = ConfigRecord(
        {
            "plan": instruction.plan,
            "round": instruction.round,
            "split": instruction.split,
            "preprocessing": instruction.preprocessing,
        }
    )
    if instruction.step:
        config[STEP], config[PAYLOAD], config[ROWS] = instruction.step, instruction.payload, instruction.rows
    content = RecordDict({"config": config})
    if vector is not None:
        content[WEIGHTS] = ArrayRecord({VECTOR: packed(vector)})
    return content


def asked(message: Message) -> tuple[Instruction, Vector | None]:
    """The instruction in a question, and the weights that came with it."""
    config: Any = message.content["config"]
    split: Split = config["split"]
    secure = {name: config[name] for name in (STEP, PAYLOAD, ROWS) if name in config}
    instruction = Instruction(config["plan"], config["round"], split, config["preprocessing"], **secure)
    weights: Any = message.content.get(WEIGHTS)
    return instruction, None if weights is None else _view(weights[VECTOR], np.float32)


def reply(answer: Answer, question: Message) -> Message:
    """An answer as the reply to its question.

    All but the weights is one record: on its way each record is stored, fetched and confirmed by itself.
    """
    if answer.error is not None:
        return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, answer.error), reply_to=question)
    told: dict[str, str | int | float | bytes] = {
        "institution": answer.institution,
        EXAMPLES: answer.examples,
        "loss": answer.loss,
        "seconds": answer.seconds,
    }
    if answer.sums is not None:
        told[SUMS] = np.ascontiguousarray(answer.sums, "<f8").tobytes()
    content = RecordDict({ANSWER: ConfigRecord(dict(told))})
    if answer.vector is not None:
        content[WEIGHTS] = ArrayRecord({VECTOR: packed(answer.vector)})
    elif answer.compressed is not None:
        content[WEIGHTS] = ArrayRecord({COMPRESSED: packed(answer.compressed)})
    elif answer.payload is not None:
        content[WEIGHTS] = ArrayRecord({PAYLOAD: packed(answer.payload)})
    return Message(content, reply_to=question)


def answered(message: Message, institution: str) -> Answer:
    """The answer in a reply; a reply without the expected keys becomes an answer with an error."""
    if message.has_error():
        return Answer(institution, error=message.error.reason or f"error {message.error.code}")
    try:
        return _answer(message.content, institution)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Answer(institution, error=f"the answer cannot be read ({type(error).__name__}: {error})")


def _answer(content: Any, institution: str) -> Answer:
    told, weights = content[ANSWER], content.get(WEIGHTS, {})
    if unknown := set(weights) - {VECTOR, COMPRESSED, PAYLOAD}:
        return Answer(institution, error=f"unexpected arrays in the answer: {', '.join(sorted(unknown))}")
    examples = told[EXAMPLES]
    if not isinstance(examples, int):
        return Answer(institution, error=f"{examples!r} is not a number of rows")
    return Answer(
        institution,
        vector=_view(weights[VECTOR], np.float32) if VECTOR in weights else None,
        compressed=_view(weights[COMPRESSED], np.uint8) if COMPRESSED in weights else None,
        payload=_view(weights[PAYLOAD], np.uint8) if PAYLOAD in weights else None,
        sums=np.frombuffer(told[SUMS], "<f8") if SUMS in told else None,
        examples=examples,
        loss=float(told["loss"]),
        seconds=float(told["seconds"]),
    )


def name_in(message: Message) -> str | None:
    """The name an institution gives itself in a reply, for engines whose nodes have none."""
    if not message.has_content() or ANSWER not in message.content:
        return None
    told: Any = message.content[ANSWER]
    return str(told["institution"])


def size_of(content: RecordDict) -> int:
    """Payload bytes of a message: its sums, its arrays, and what a step of secure aggregation says."""
    arrays = sum(len(array.data) for record in content.array_records.values() for array in record.values())
    said = (record.get(PAYLOAD) for record in content.config_records.values())
    return arrays + sum(map(len, sums_in(content))) + sum(len(each) for each in said if isinstance(each, bytes))


def sums_in(content: RecordDict) -> list[bytes]:
    """The sums that a message holds, as they travel."""
    found = (record.get(SUMS) for _, record in sorted(content.config_records.items()))
    return [sums for sums in found if isinstance(sums, bytes)]


def _view(array: Array, kind: type[np.number[Any]]) -> npt.NDArray[Any]:
    """The array without copying its bytes: 45 MB for each of five hospitals is worth the trouble."""
    head = io.BytesIO(array.data[:4096])
    version = np.lib.format.read_magic(head)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(head)
    if dtype != np.dtype(kind) or fortran or len(shape) != 1:
        raise ValueError(f"an array of {dtype} and shape {shape} where a vector of {np.dtype(kind)} belongs")
    return np.frombuffer(array.data, dtype=dtype, offset=head.tell(), count=shape[0])
