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
from fedcare.privacy.secure_sum.fixed_point import ROOM, from_ring, from_wide, to_ring, to_wide
from fedcare.privacy.secure_sum.masks import Masked
from fedcare.update import Vector

# -- at the institution -----------------------------------------------------------------------------------------------


def summand(answer: Answer, instruction: Instruction, current: Vector | None) -> Masked:
    """What an institution adds: rows and sums; or rows, rows times loss, and its share of the movement of weights.

    Raises SecureSumFailed for what cannot be added up.
    """
    if answer.sums is not None:
        return Masked(to_wide(np.concatenate([[answer.examples], answer.sums])), np.empty(0, np.uint32))
    if answer.vector is None or current is None or answer.vector.shape != current.shape or instruction.rows < 1:
        raise SecureSumFailed(reason="there is nothing to add up")
    plan, _ = instruction.recipe()
    secure, seed = plan.privacy.secure, derive_seed(plan.seed, instruction.round, answer.institution, "rounding")
    rounding = np.random.default_rng(seed) if secure.stochastic_rounding else None
    share = answer.examples / (ROOM * instruction.rows)
    wide = to_wide(np.array([answer.examples, answer.examples * answer.loss]))
    return Masked(wide, to_ring(answer.vector - current, share, secure.bound, rounding))


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
    plan, _ = instruction.recipe()
    room = ROOM * instruction.rows
    if not 0 < examples <= room or current is None or len(sums) != 2:
        raise SecureSumFailed(reason=f"{examples} training rows where there is room for {room}")
    mean = from_ring(total.ring, examples / room, plan.privacy.secure.bound)
    return Answer(
        name, vector=current + mean, examples=examples, loss=float(sums[1] / examples), members=tuple(members)
    )


# -- on both sides ----------------------------------------------------------------------------------------------------


def context_of(kind: str, instruction: Instruction, current: Vector | None) -> str:
    """A hash of everything that is asked, from which masks are derived: all must have been asked the same."""
    asked = instruction
    found = hashlib.sha256(
        f"{kind}:{asked.round}:{asked.split}:{asked.rows}:{len(asked.plan)}:{asked.plan}:{asked.preprocessing}".encode()
    )
    if current is not None:
        found.update(np.ascontiguousarray(current).data)
    return found.hexdigest()
