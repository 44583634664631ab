"""Ways to run the same study: message by message in this process, all institutions at once, or on Ray."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from flwr.serverapp import Grid

from fedcare.aggregation.exchange import Exchange
from fedcare.errors import EngineUnavailable
from fedcare.federation.coordinator import Outcome
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.masked_site import masked
from fedcare.federation.questions import OnAnswer
from fedcare.federation.secure_exchange import exchange_for
from fedcare.federation.server_app import Drive, server_app
from fedcare.federation.site import Site, device
from fedcare.plan import TrainingPlan
from fedcare.tasks.spec import Task
from fedcare.training.batched import supports

Engine = Literal["inprocess", "batched", "ray"]


@dataclass(frozen=True)
class Choice:
    """The engine that runs, and why it was taken."""

    engine: Engine
    reason: str


def choose(wanted: str | None, plan: TrainingPlan, task: Task) -> Choice:
    """The wanted engine, or the quickest one that can run the plan; raises EngineUnavailable."""
    obstacle = _masked(plan) or _private(plan) or supports(plan.local, task.model, device())
    if wanted is None:
        if obstacle is None:
            return Choice("batched", "a small model: all institutions train together")
        return Choice("inprocess", f"the batched engine cannot: {obstacle}")
    for engine in get_args(Engine):
        if engine == wanted:
            return _available(engine, obstacle, plan)
    raise EngineUnavailable(engine=wanted, reason=f"there are {', '.join(get_args(Engine))}")


def _masked(plan: TrainingPlan) -> str | None:
    return "secure aggregation takes messages between institutions" if plan.privacy.secure.enabled else None


def _private(plan: TrainingPlan) -> str | None:
    return "it clips no single records' gradients" if plan.privacy.dp.enabled else None


def _remembered(plan: TrainingPlan) -> str | None:
    """What institutions have to remember from one message to the next; None where they need not."""
    if plan.privacy.dp.enabled:
        return "what a private run has cost"
    if plan.privacy.secure.enabled:
        return "what secure aggregation remembers"
    return "what compression kept back" if plan.compression.method != "none" else None


def _available(engine: Engine, obstacle: str | None, plan: TrainingPlan) -> Choice:
    if engine == "batched" and obstacle is not None:
        raise EngineUnavailable(engine=engine, reason=f"{obstacle}; use --engine inprocess")
    if engine == "ray" and (memory := _remembered(plan)) is not None:
        reason = f"its workers forget between two messages {memory}; use --engine inprocess"
        raise EngineUnavailable(engine=engine, reason=reason)
    if engine == "ray" and importlib.util.find_spec("ray") is None:
        raise EngineUnavailable(engine=engine, reason="Ray is not installed: pip install 'flwr[simulation]==1.41.0'")
    return Choice(engine, "as asked")


def run(engine: Engine, plan: TrainingPlan, sites: Sequence[Site], drive: Drive, on_answer: OnAnswer) -> Outcome:
    """Drive the plan over the sites on an engine."""
    if engine == "batched":
        from fedcare.federation.batched_exchange import BatchedExchange

        return drive(BatchedExchange(sites, plan, on_answer))
    outcomes: list[Outcome] = []

    def opened(grid: Grid) -> Exchange:
        return exchange_for(plan, on_answer, lambda heard: GridExchange(grid, plan, len(sites), heard))

    app = server_app(opened, drive, outcomes.append)
    if engine == "ray":
        from fedcare.federation.ray_engine import run_on_ray

        run_on_ray(app, sites)
    else:
        from fedcare.federation.client_app import client_app
        from fedcare.federation.inprocess_grid import InProcessGrid

        by_name = {site.name: site for site in masked(plan, sites)}
        grid = InProcessGrid(client_app(lambda context: by_name[str(context.node_config["institution"])]), [*by_name])
        app(grid, grid.server_context())
    return outcomes[0]
