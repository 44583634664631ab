"""An answer as what is added up under secure aggregation, and the sum as an answer again.

Everything that an institution would say goes into the sum: its rows, its sums or its weights and its loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer
from fedcare.errors import SecureSumFailed
from fedcare.federation.messages import Instruction
from fedcare.plan import derive_seed
from fedcare.privacy.secure_sum.fixed_point import ROOM, Ring, from_ring, from_wide, to_ring, to_wide
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.update import Vector

# -- at the institution -----------------------------------------------------------------------------------------------


def summand(answer: Answer, instruction: Instruction, current: Vector | None) -> Masked:
    """What an institution adds: rows and sums; or rows, rows times loss, and its share of the movement of weights.

    Raises SecureSumFailed for what cannot be added up.
    """
    if answer.sums is not None:
        return Masked(to_wide(np.concatenate([[answer.examples], answer.sums])), np.empty(0, np.uint32))
    if answer.vector is None or current is None or answer.vector.shape != current.shape:
        raise SecureSumFailed(reason="there is nothing to add up")
    wide = to_wide(np.array([answer.examples, answer.examples * answer.loss]))
    return Masked(wide, in_ring(answer.vector - current, answer, instruction))


def in_ring(movement: Vector, answer: Answer, instruction: Instruction) -> Ring:
    """A movement of the institution that answers, by its share of the rows, in 32 bits. Raises SecureSumFailed."""
    if instruction.rows < 1:
        raise SecureSumFailed(reason="nobody said how many rows all have together")
    plan, _ = instruction.recipe()
    secure, seed = plan.privacy.secure, derive_seed(plan.seed, instruction.round, answer.institution, "rounding")
    rounding = np.random.default_rng(seed) if secure.stochastic_rounding else None
    return to_ring(movement, answer.examples / (ROOM * instruction.rows), secure.bound, rounding)


# -- at the coordinator -----------------------------------------------------------------------------------------------


def added_up(
    total: Masked, name: str, members: Sequence[str], instruction: Instruction, current: Vector | None
) -> Answer:
    """The members' answers as one. Raises SecureSumFailed where their movements may have overflowed."""
    sums = from_wide(total.wide)
    if len(sums) == 0:
        raise SecureSumFailed(reason="the answers are empty")
    examples = round(sums[0])
    if not len(total.ring):
        return Answer(name, sums=sums[1:], examples=examples, members=tuple(members))
    if current is None or len(sums) != 2:
        raise SecureSumFailed(reason="the answers hold no movement of weights")
    mean = mean_in_ring(total.ring, examples, instruction)
    return Answer(
        name, vector=current + mean, examples=examples, loss=float(sums[1] / examples), members=tuple(members)
    )


def mean_in_ring(total: Ring, examples: int, instruction: Instruction) -> Vector:
    """The mean movement of those who have ``examples`` rows together. Raises SecureSumFailed for more than there may
    be: their sum may have overflowed.
    """
    plan, _ = instruction.recipe()
    room = ROOM * instruction.rows
    if not 0 < examples <= room:
        raise SecureSumFailed(reason=f"{examples} training rows where there is room for {room}")
    return from_ring(total, examples / room, plan.privacy.secure.bound)


# -- on both sides ----------------------------------------------------------------------------------------------------


def context_of(kind: str, instruction: Instruction, current: Vector | None) -> str:
    """A hash of everything that is asked, from which masks are derived: all must have been asked the same."""
    return with_rows(question_of(kind, instruction, current), instruction)


def question_of(kind: str, instruction: Instruction, current: Vector | None) -> str:
    """A hash of what an answer is of, however many rows it is made a share of: it is added up over one set only."""
    asked = instruction
    found = hashlib.sha256(
        f"{kind}:{asked.round}:{asked.split}:{len(asked.plan)}:{asked.plan}:{asked.preprocessing}".encode()
    )
    if current is not None:
        found.update(np.ascontiguousarray(current).data)
    return found.hexdigest()


def with_rows(question: str, instruction: Instruction) -> str:
    """``context_of`` a question whose hash is known."""
    return hashlib.sha256(f"{question}:{instruction.rows}".encode()).hexdigest()
