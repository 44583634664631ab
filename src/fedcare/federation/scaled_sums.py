"""An update of eight bits a weight under secure aggregation: two sums, of how far blocks moved, and of the movement.

The first makes the scale on which all institutions round the same movement for the second. Batch norm's running
statistics, rows and loss stay in the wider rings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from fedcare.aggregation.exchange import Answer
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.errors import SecureSumFailed
from fedcare.federation.messages import Instruction
from fedcare.federation.summands import in_ring, mean_in_ring
from fedcare.models.build import build
from fedcare.models.vector import manifest_of
from fedcare.plan import TrainingPlan
from fedcare.privacy.secure_sum.fixed_point import from_wide, to_wide
from fedcare.privacy.secure_sum.levels import Scale, from_levels, spread, to_levels
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.privacy.secure_sum.wire import Call, Scaled
from fedcare.update import Vector

_STEP = np.dtype("<f4")

# -- on both sides ----------------------------------------------------------------------------------------------------


def is_scaled(plan: TrainingPlan, kind: str) -> bool:
    """Whether the answers to this kind of question take eight bits a weight."""
    return kind == "train" and plan.compression.method == "int8"


def learned_size(instruction: Instruction) -> int:
    """How many weights take eight bits: those that gradients move. They stand before batch norm's statistics."""
    return _learned_size(instruction.plan, instruction.preprocessing)


def blocks_of(instruction: Instruction) -> int:
    """How many blocks of these weights have a step each."""
    return -(-learned_size(instruction) // instruction.recipe()[0].compression.block)


@lru_cache(maxsize=4)
def _learned_size(plan: str, preprocessing: str) -> int:
    _, task = Instruction(plan).recipe()
    features = len(preprocessing_from_json(json.loads(preprocessing)).feature_names)
    model = build(task.model, features, max(1, len(task.records.target.classes)), seed=0)
    return manifest_of(model).learned_size


def on_scale(context: str, scale: Scale) -> str:
    """A hash of everything that is asked on a scale, from which masks are derived, from the hash of all else."""
    found = hashlib.sha256(f"{context}:{scale.rows}:{scale.members}:".encode())
    found.update(scale.steps.astype(_STEP).tobytes())
    return found.hexdigest()


# -- at the institution -----------------------------------------------------------------------------------------------


def spread_summand(answer: Answer, instruction: Instruction) -> Masked:
    """What an institution adds to the first sum: its rows, and how far each block of weights moved.

    ``answer`` holds the movement of the weights here and below.

    Raises SecureSumFailed for what cannot be added up.
    """
    plan, _ = instruction.recipe()
    spreads = spread(_movement(answer)[: learned_size(instruction)], plan.compression.block)
    return Masked(to_wide(np.array([float(answer.examples)])), in_ring(spreads, answer, instruction))


def scale_in(part: Scaled, instruction: Instruction) -> Scale:
    """The scale that came with a question; raises SecureSumFailed where it is none."""
    block = instruction.recipe()[0].compression.block
    if len(part.steps) != _STEP.itemsize * blocks_of(instruction):
        raise SecureSumFailed(reason="the scale that was sent for eight bits a weight has another length")
    return Scale(np.frombuffer(part.steps, _STEP).astype(np.float32), block, part.rows, len(part.members))


def scaled_summand(answer: Answer, instruction: Instruction, scale: Scale) -> tuple[Masked, Vector]:
    """What an institution adds to the second sum, and what was lost of its movement, to be kept back.

    Raises SecureSumFailed for what cannot be added up.
    """
    plan, _ = instruction.recipe()
    movement, learned = _movement(answer), learned_size(instruction)
    # Rounded towards zero, what is sent keeps to the bound.
    shorter = plan.defence.norm_bound is not None
    levels, sent = to_levels(movement[:learned], answer.examples, scale, shorter=shorter)
    rest = np.zeros_like(movement)
    rest[:learned] = movement[:learned] - sent
    wide = to_wide(np.array([answer.examples, answer.examples * answer.loss]))
    return Masked(wide, in_ring(movement[learned:], answer, instruction), levels), rest


def _movement(answer: Answer) -> Vector:
    if answer.vector is None:
        raise SecureSumFailed(reason="there is nothing to add up")
    return answer.vector


# -- at the coordinator -----------------------------------------------------------------------------------------------


def scale_of(total: Masked, members: int, instruction: Instruction) -> Scale:
    """The scale for the second sum, over so many members, from what the first one came to. Raises SecureSumFailed."""
    plan, _ = instruction.recipe()
    examples = round(from_wide(total.wide)[0])
    spreads = np.maximum(mean_in_ring(total.ring, examples, instruction), 0)  # Below zero only where a member lies.
    return Scale.of(spreads, plan.compression.block, examples, members, plan.privacy.secure.bound)


def with_scale(call: Call, scale: Scale) -> Scaled:
    """The second question to the members of a sum."""
    steps = scale.steps.astype(_STEP).tobytes()
    return Scaled(session=call.session, members=call.members, sum=call.sum, rows=scale.rows, steps=steps)


def added_levels(
    total: Masked, name: str, members: Sequence[str], instruction: Instruction, current: Vector, scale: Scale
) -> Answer:
    """The members' answers as one. Raises SecureSumFailed where their sum may have left the ring."""
    sums = from_wide(total.wide)
    examples = round(sums[0]) if len(sums) == 2 else 0
    if not 0 < examples <= scale.rows:
        raise SecureSumFailed(reason=f"{examples} training rows where there is room for {scale.rows}")
    mean = np.concatenate([from_levels(total.levels, examples, scale), mean_in_ring(total.ring, examples, instruction)])
    return Answer(
        name, vector=current + mean, examples=examples, loss=float(sums[1] / examples), members=tuple(members)
    )
