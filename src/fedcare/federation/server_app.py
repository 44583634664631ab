"""The coordinator's Flower app: an ordinary ServerApp whose main function is FedCare's round loop."""

from __future__ import annotations

from collections.abc import Callable

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from fedcare.aggregation.exchange import Exchange
from fedcare.federation.coordinator import Outcome

Drive = Callable[[Exchange], Outcome]


def server_app(open_exchange: Callable[[Grid], Exchange], drive: Drive, done: Callable[[Outcome], None]) -> ServerApp:
    """A ServerApp that lets ``drive`` run over whichever grid Flower hands it, and gives ``done`` the end.

    ``open_exchange`` makes of the grid what carries the questions.
    """
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        done(drive(open_exchange(grid)))

    return app
