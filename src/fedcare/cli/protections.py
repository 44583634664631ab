"""``--private``, ``--secure`` and ``--robust``: three flags for what a plan's many settings of protection say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fedcare.plan import TrainingPlan

Private = Annotated[
    float | None,
    typer.Option(metavar="EPSILON", help="Differential privacy for patients: what the run may cost each of them."),
]
Secure = Annotated[bool, typer.Option("--secure", help="Secure aggregation: the coordinator learns sums alone.")]
Robust = Annotated[bool, typer.Option("--robust", help="Stand up to an institution that errs or lies.")]


def another_model(task: str, plan: TrainingPlan) -> str | None:
    """What to tell of a plan that trains another model than the task declares, as ``--private`` does of images."""
    from fedcare.tasks.registry import get
    from fedcare.tasks.spec import Task

    declared, taken = get(task).model.kind, Task.model_validate(plan.task).model.kind
    if taken == declared:
        return None
    return (
        f"this run trains the model {taken} and not {declared}: private noise spoils few weights less than many;"
        f" --set model.kind={declared} takes the task's own"
    )
