"""The same apps on Flower's Ray simulation, for a study that outgrows one machine."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence

from flwr.app import Context
from flwr.serverapp import ServerApp
from flwr.simulation import run_simulation

from fedcare.federation.client_app import client_app
from fedcare.federation.site import Site


def run_on_ray(app: ServerApp, sites: Sequence[Site]) -> None:
    """Run ``app`` with one virtual node for each site; a failure inside the run comes out as it was raised."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("flwr").setLevel(logging.ERROR)  # Its notices belong to its own command line.
    held = list(sites)

    def site_of(context: Context) -> Site:
        return held[int(str(context.node_config["partition-id"]))]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray and Flower deprecate things of their own on the way.
        run_simulation(
            app,
            client_app(site_of),
            len(held),
            backend_config={
                "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
                "init_args": {"include_dashboard": False, "log_to_driver": False},
            },
        )
