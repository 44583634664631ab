"""A run on the SuperLink: started, its task taken by this very process, and ended."""

from __future__ import annotations

import importlib.resources
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from flwr.app import Context
from flwr.cli.build import build_fab_from_files
from flwr.common.constant import SubStatus
from flwr.common.serde import context_from_proto, run_from_proto
from flwr.proto.runtime_pb2 import AcquireTaskRequest, PullTaskInputRequest, PushTaskOutputRequest
from flwr.serverapp import Grid
from flwr.supercore.heartbeat import HeartbeatSender, make_task_heartbeat_fn_http
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor, SuperExecAuthHttpInterceptor
from flwr.supercore.retry import make_simple_http_retry_invoker
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supercore.task_identity import TaskIdentity
from flwr.superlink.grid import HttpGrid

from fedcare.errors import CoordinatorUnreachable
from fedcare.federation.superlink import places
from fedcare.federation.superlink.control import Control

TASK_TYPE = "flwr-serverapp"
TASK_SECONDS, POLL_SECONDS = 30.0, 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FlowerRun:
    """What the coordinator's app runs with; ``registered`` names the institutions whose nodes are registered."""

    grid: Grid
    context: Context
    registered: Callable[[], list[str]]
    address: places.Address


@contextmanager
def flower_run(home: Path, plan_hash: str, run_id: str) -> Iterator[FlowerRun]:
    """A new run on this machine's SuperLink, the only one from now on; a failure inside ends it as failed.

    A run of an earlier process is stopped: nodes drop what they do for it, and answer this one from what they keep.
    Raises CoordinatorUnreachable and CoordinatorRefused.
    """
    address = places.address(home)
    with Control.of(home) as control:
        for earlier in control.runs().values():
            if earlier.status != "finished":
                control.stop(earlier.run_id)
        number = control.start(_bundle(), **{"plan-hash": plan_hash, "run-id": run_id})
        grid = _grid(address.private, _task_token(home, address.private))
        client = grid._runtime_client
        heartbeat = HeartbeatSender(make_task_heartbeat_fn_http(client))
        heartbeat.start()
        outcome, details = SubStatus.FAILED, "its process ended"
        try:
            given = client.PullTaskInput(PullTaskInputRequest())
            TaskIdentity.task_id, TaskIdentity.run_id = given.task_id, given.run.run_id
            context, run = context_from_proto(given.context), run_from_proto(given.run)
            TaskIdentity.node_id = context.node_id
            if run.run_id != number:
                raise CoordinatorUnreachable(where=address.private, reason="it handed out the task of another run")
            grid.set_run(run)
            yield FlowerRun(grid, context, lambda: [node.name for node in control.nodes()], address)
            outcome, details = SubStatus.COMPLETED, ""
        finally:
            _end(grid, heartbeat, outcome, details)


def _bundle() -> bytes:
    """A bundle that is nothing but its manifest: no code crosses the network."""
    manifest = importlib.resources.files(__package__) / "manifest.toml"
    return build_fab_from_files({"pyproject.toml": manifest.read_bytes()})[0]


def _task_token(home: Path, address: str) -> str:
    """The token of the run's task, which the SuperLink hands to whoever holds its secret."""
    secret = SuperExecAuthHttpInterceptor(
        master_secret=places.executor_secret(home),
        protected_methods=frozenset({"/flwr.proto.Runtime/AcquireTask"}),
    )
    client = RuntimeHttpClient.from_server_address(
        server_address=address,
        insecure=True,
        root_certificates=None,
        interceptors=[RuntimeVersionHttpInterceptor(component_name="SuperExec"), secret],
        retry_invoker=make_simple_http_retry_invoker(),
    )
    try:
        end = time.monotonic() + TASK_SECONDS
        while time.monotonic() < end:
            answer = client.AcquireTask(AcquireTaskRequest(supported_task_types=[TASK_TYPE]))
            if answer.HasField("task") and answer.token:
                return str(answer.token)
            time.sleep(POLL_SECONDS)
    except httpx.HTTPError as error:
        raise CoordinatorUnreachable(where=address, reason=type(error).__name__) from error
    finally:
        client.close()
    raise CoordinatorUnreachable(where=address, reason=f"it handed out no task within {TASK_SECONDS:g} s")


def _grid(address: str, token: str) -> HttpGrid:
    grid = HttpGrid(runtime_api_address=address, insecure=True, token=token)
    # Whoever asks over it tries again by itself, and has a deadline to keep.
    grid._retry_invoker.max_tries = 1
    return grid


def _end(grid: HttpGrid, heartbeat: HeartbeatSender, outcome: str, details: str) -> None:
    """Tell the SuperLink that the task is over, as far as it can be reached."""
    with suppress(Exception):
        request = PushTaskOutputRequest(sub_status=outcome, details=details)
        grid._runtime_client.PushTaskOutput(request)
    if heartbeat.is_running:
        heartbeat.stop()
    grid.close()
