"""Whether the institution agrees to a plan: a person's word first, a standing rule where nobody has spoken."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from fedcare.errors import PlanRefused
from fedcare.federation.node import plans, rules
from fedcare.federation.node.question import Question

BY_RULE = "rule"


@dataclass(frozen=True)
class Verdict:
    """``by`` says who approved; ``refusal`` why not, None where the work may begin."""

    by: str = ""
    refusal: str | None = None


def verdict(tx: Connection, institution_id: int, question: Question, epsilon: float) -> Verdict:
    """What the institution says to a question's plan, which is stored in any case, so that people can look at it.

    ``epsilon`` is what a run of the plan costs at the institution's delta, infinite where nothing bounds it. Raises
    PlanRefused for a plan that cannot even be stored.
    """
    _store(tx, question)
    said = plans.decision(tx, question.plan_hash)
    short = question.plan_hash[:12]
    if said is not None and not said.approved:
        because = f": {said.reason}" if said.reason else ""
        return Verdict(
            refusal=f"the institution refused plan {short}{because}. `fedcare node approve` would change that"
        )
    if said is not None and said.decided_how != BY_RULE:
        return Verdict(by=said.email or said.decided_how)
    # What a rule allowed once must still fit it: rules change, and a day's rounds are used up.
    objection = rules.objection(tx, question, rules.rule_for(tx, question.task.name), epsilon)
    if objection is not None:
        how = f"an administrator approves it at the gateway or with `fedcare node approve {short}`"
        return Verdict(refusal=f"plan {short}: {objection}; {how}")
    if said is None:
        plans.decide(tx, institution_id, question.plan_hash, True, BY_RULE)
    return Verdict(by=f"standing rule for {question.task.name}")


def _store(tx: Connection, question: Question) -> None:
    try:
        with tx.begin_nested():
            plans.keep(tx, question.plan_hash, question.instruction.plan)
    except (DataError, IntegrityError, KeyError, TypeError, ValueError) as error:
        raise PlanRefused(reason="its plan's text cannot be stored, so nobody could look at it") from error
