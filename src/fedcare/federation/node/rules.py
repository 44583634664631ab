"""Standing rules: approval given in advance to plans of a task, with at least so much privacy, so many rounds a day."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from fedcare.db.tables import egress_log, standing_rules, training_plans
from fedcare.errors import BadSetting, UnknownRule
from fedcare.tasks.spec import NAME

if TYPE_CHECKING:
    from fedcare.federation.node.question import Question


# As the egress log calls them.
UPDATES = ("update", "masked update", "encrypted update")


def rule_for(tx: Connection, task: str) -> Row[Any] | None:
    """The institution's rule for a task."""
    return tx.execute(select(standing_rules).where(standing_rules.c.task == task)).one_or_none()


def objection(tx: Connection, question: Question, rule: Row[Any] | None, epsilon: float) -> str | None:
    """Why no rule lets this question pass; None where one does. ``epsilon`` is what the plan costs here."""
    if rule is None or not rule.is_enabled:
        return "it has not been approved here, and no standing rule covers its task"
    if rule.max_epsilon is not None and epsilon > rule.max_epsilon:
        promised = f"costs {epsilon:.4g} here" if math.isfinite(epsilon) else "promises none"
        return (
            f"the standing rule asks for differential privacy with an epsilon of {rule.max_epsilon:g} at most, and the"
            f" plan {promised}"
        )
    most = rule.max_rounds_per_day
    if question.trains:
        if _updates_today(tx, question) >= most:
            return f"the standing rule allows {most} rounds a day, and they are used up"
        return None
    rounds = question.plan.rounds.rounds
    if (used := _updates_today(tx, question, others_only=True)) + rounds > most:
        return f"the standing rule allows {most} rounds a day; {used} are used, and this run would make {rounds}"
    return None


def set_rule(
    tx: Connection, institution_id: int, task: str, rounds_a_day: int, max_epsilon: float | None, enabled: bool = True
) -> None:
    """Set the institution's rule for a task; raises BadSetting for a name that no task can have."""
    if not re.fullmatch(NAME, task):
        raise BadSetting(setting="TASK", value=task, reason="it must be a task's name, such as insurance-cost")
    values = {"max_epsilon": max_epsilon, "max_rounds_per_day": rounds_a_day, "is_enabled": enabled}
    row = values | {"institution_id": institution_id, "task": task}
    adding = insert(standing_rules).values(row)
    tx.execute(adding.on_conflict_do_update(index_elements=["tenant", "task"], set_=values))


def remove_rule(tx: Connection, task: str) -> None:
    """Withdraw the rule for a task; raises UnknownRule."""
    if not tx.execute(delete(standing_rules).where(standing_rules.c.task == task)).rowcount:
        raise UnknownRule(task=task)


def listed(tx: Connection) -> list[dict[str, Any]]:
    """Every rule of the institution."""
    columns = ("task", "max_rounds_per_day", "max_epsilon", "is_enabled")
    rows = tx.execute(select(standing_rules).order_by(standing_rules.c.task))
    return [{name: getattr(row, name) for name in columns} for row in rows]


def _updates_today(tx: Connection, question: Question, others_only: bool = False) -> int:
    """How many different updates of the task left within a day; the same one sent again tells nothing new."""
    query = (
        select(func.count(egress_log.c.hash.distinct()))
        .join(training_plans, training_plans.c.hash == egress_log.c.plan_hash)
        .where(training_plans.c.task == question.task.name, egress_log.c.kind.in_(UPDATES))
        .where(egress_log.c.at > func.now() - func.make_interval(0, 0, 0, 1))
    )
    if others_only:
        query = query.where(egress_log.c.run != question.run)
    return int(tx.execute(query).scalar_one())
