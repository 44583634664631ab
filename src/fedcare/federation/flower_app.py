"""The tasks as an app for stock Flower: ``server`` and ``client`` for a consortium that already runs a SuperLink.

A bundle whose manifest names these two needs no code of its own, so no code crosses the network. What is learned comes
from the run's config; who an institution is, and where its records lie, from its own node config alone. Stock Flower
approves no plan, keeps no egress log and lets whoever reaches its Control API start runs: ``fedcare node`` does better.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from fedcare.aggregation.planning import plan_of
from fedcare.data.split import institution
from fedcare.errors import BadSetting, EngineUnavailable
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import coordinate
from fedcare.federation.flower_watcher import FlowerWatcher
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.run_folder import MODEL, RUN, make, write_json
from fedcare.federation.site import Site
from fedcare.federation.summary import summarise, trained_rows
from fedcare.federation.versions import store_outcome
from fedcare.settings import settings
from fedcare.tasks.loading import load
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get, names
from fedcare.tasks.spec import Task

Config = Mapping[str, Any]
ENGINE = "flower"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
log = logging.getLogger("flwr")  # What is told there is what ``flwr log`` shows.

server = ServerApp()


@server.main()
def _coordinate(grid: Grid, context: Context) -> None:
    # 1. What is asked for, and where it is kept.
    task = _task(context.run_config)
    plan = plan_of(task, int(context.run_config["seed"]))
    if plan.privacy.secure.enabled:
        reason = (
            "stock Flower's nodes have no certificates of the consortium to prove their keys with; use `fedcare up`"
        )
        raise EngineUnavailable(engine=ENGINE, reason=reason)
    folder = _folder(context)
    # 2. Who is there.
    watcher = FlowerWatcher(plan)
    expected = max(int(context.run_config["institutions"]), plan.rounds.min_available)
    exchange = GridExchange(grid, plan, expected, watcher.answered)
    _require_own_names(exchange.institutions())
    # 3. The same rounds as everywhere.
    outcome = coordinate(plan, exchange, folder, watcher, watcher.resumed)
    # 4. The best of them as a model version.
    summary = summarise(plan, outcome, ENGINE, trained_rows(outcome))
    store_outcome(folder / MODEL, plan, outcome, summary, {"engine": ENGINE})
    write_json(folder / RUN, summary)
    log.info("%s: the model version lies in %s", task.name, folder / MODEL)


def _site(context: Context) -> Site:
    name, data = _own(context.node_config, "institution"), _own(context.node_config, "data")
    return _site_of(_task(context.run_config), int(context.run_config["seed"]), name, Path(data))


client = client_app(_site)


# -- on both sides ----------------------------------------------------------------------------------------------------


def _task(config: Config) -> Task:
    """The task that a run's config asks for; ``set`` holds settings as ``key=value; key=value``.

    Its name must be registered: a path would let whoever starts a run choose which file is read here.
    """
    name = str(config["task"])
    if name not in names():
        raise BadSetting(setting="task", value=name, reason=f"installed here are {', '.join(names())}")
    given = [text.partition("=") for text in str(config["set"]).split(";") if text.strip()]
    changes = {key.strip(): value.strip() for key, _, value in given}
    if int(config["rounds"]) > 0:
        changes["rounds.rounds"] = str(config["rounds"])
    return apply(get(name), changes)


# -- at the coordinator -----------------------------------------------------------------------------------------------


def _folder(context: Context) -> Path:
    """The run's folder; a run of the same ``name`` goes on with what an earlier one left there."""
    name = str(context.run_config["name"]) or f"flower-{context.run_id}"
    if not NAME.fullmatch(name):
        raise BadSetting(setting="name", value=name, reason="use lower-case letters, digits and hyphens")
    folder = settings().runs / name
    make(folder)
    return folder


def _require_own_names(present: Any) -> None:
    """Nodes name themselves on a stock SuperLink: two of one name would pass for one institution."""
    if twice := sorted({name for name in present if list(present).count(name) > 1}):
        raise BadSetting(setting="institution", value=twice[0], reason="more than one node has this name")


# -- at an institution ------------------------------------------------------------------------------------------------


def _own(config: Config, key: str) -> str:
    value = config.get(key)
    if not isinstance(value, str) or not value:
        raise BadSetting(setting=key, value=value, reason=f"""start the SuperNode with --node-config '{key}="..."'""")
    return value


def _site_of(task: Task, seed: int, name: str, data: Path) -> Site:
    # Read for each question: stock Flower starts a process for each, so there is nothing to keep it in.
    rows = load(task, data, seed, partition="files").records
    return Site(institution(name, rows, task.kind, seed))
