"""The coordinator's Flower app: an ordinary ServerApp whose main function is FedCare's round loop."""

from __future__ import annotations

from collections.abc import Callable

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from fedcare.aggregation.exchange import Exchange
from fedcare.federation.coordinator import Outcome
from fedcare.federation.grid_exchange import GridExchange, OnAnswer
from fedcare.plan import TrainingPlan

Drive = Callable[[Exchange], Outcome]


def server_app(
    plan: TrainingPlan, expected: int, drive: Drive, on_answer: OnAnswer, done: Callable[[Outcome], None]
) -> ServerApp:
    """A ServerApp that lets ``drive`` run ``plan`` over whichever grid Flower hands it, and gives ``done`` the end.

    ``expected`` is the number of nodes it waits for before it begins.
    """
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        done(drive(GridExchange(grid, plan, expected, on_answer)))

    return app
