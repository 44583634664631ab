"""A run on the SuperLink: started, its task taken by this very process, begun anew where it got lost, and ended."""

from __future__ import annotations

import importlib.resources
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from flwr.app import Context
from flwr.cli.build import build_fab_from_files
from flwr.common.constant import SubStatus
from flwr.common.serde import context_from_proto, run_from_proto
from flwr.proto.runtime_pb2 import (
    AcquireTaskRequest,
    PullTaskInputRequest,
    PushTaskOutputRequest,
    SendTaskHeartbeatRequest,
)
from flwr.supercore.heartbeat import HeartbeatSender
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor, SuperExecAuthHttpInterceptor
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supercore.task_identity import TaskIdentity

from fedcare.errors import CoordinatorUnreachable
from fedcare.federation.run.grid import ArrivingGrid
from fedcare.federation.superlink import places
from fedcare.federation.superlink.control import Control

TASK_TYPE = "flwr-serverapp"
TASK_SECONDS, POLL_SECONDS = 30.0, 0.1

log = logging.getLogger(__name__)


class FlowerRun:
    """What the coordinator's app runs with: a run on the SuperLink that listens at the moment.

    ``begin`` may be called again: a SuperLink that was started anew knows nothing of the last one's runs.
    """

    def __init__(self, home: Path, plan_hash: str, run_id: str) -> None:
        self._home, self._config = home, {"plan-hash": plan_hash, "run-id": run_id}
        self._heartbeat: HeartbeatSender | None = None
        self._address: places.Address | None = None
        self._disowned = False
        self.grid = ArrivingGrid()

    def begin(self) -> None:
        """Start a run, the only one from now on: nodes drop what they do for another.

        They answer again what they have answered before. Raises CoordinatorUnreachable and CoordinatorRefused; the run
        is lost, as ``is_lost`` says, until this has worked.
        """
        self._fall_silent()
        self._disowned = True
        address = places.address(self._home)
        with Control.of(self._home) as control:
            for earlier in control.runs().values():
                if earlier.status != "finished":
                    control.stop(earlier.run_id)
            number = control.start(_bundle(), **self._config)
        self.grid.turn_to(address.private, _task_token(self._home, address.private))
        try:
            given = self.grid._runtime_client.PullTaskInput(PullTaskInputRequest())
        except httpx.HTTPError as error:
            raise CoordinatorUnreachable(where=address.private, reason=type(error).__name__) from error
        context, run = context_from_proto(given.context), run_from_proto(given.run)
        if run.run_id != number:
            raise CoordinatorUnreachable(where=address.private, reason="it handed out the task of another run")
        TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = given.task_id, run.run_id, context.node_id
        self.grid.set_run(run)
        self.context: Context = context
        self._address, self._disowned = address, False
        self._beat()

    def is_lost(self) -> bool:
        """Whether the SuperLink knows nothing of the run any more: it was started anew, or has given the run up."""
        return self._disowned or places.address(self._home) != self._address

    def registered(self) -> list[str]:
        """The institutions whose nodes are registered."""
        with Control.of(self._home) as control:
            return [node.name for node in control.nodes()]

    def end(self, outcome: str, details: str) -> None:
        """Tell the SuperLink that the task is over, as far as it can be reached."""
        with suppress(Exception):
            request = PushTaskOutputRequest(sub_status=outcome, details=details)
            self.grid._runtime_client.PushTaskOutput(request)
        self._fall_silent()
        self.grid.close()

    def _beat(self) -> None:
        client = self.grid._runtime_client
        self._heartbeat = HeartbeatSender(lambda: self._tell_alive(client))
        self._heartbeat.start()

    def _tell_alive(self, client: RuntimeHttpClient) -> bool:
        """Whether the SuperLink has heard it. Flower's own function ends the process where the task is not known."""
        try:
            known = client.SendTaskHeartbeat(SendTaskHeartbeatRequest()).success
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (401, 403):
                return False
            known = False
        except httpx.TransportError:
            return False
        self._disowned = self._disowned or not known
        return True

    def _fall_silent(self) -> None:
        if self._heartbeat is not None and self._heartbeat.is_running:
            self._heartbeat.stop()


@contextmanager
def flower_run(home: Path, plan_hash: str, run_id: str) -> Iterator[FlowerRun]:
    """A new run on this machine's SuperLink; a failure inside ends it as failed. Raises as ``begin`` does."""
    run = FlowerRun(home, plan_hash, run_id)
    outcome, details = SubStatus.FAILED, "its process ended"
    try:
        run.begin()
        yield run
        outcome, details = SubStatus.COMPLETED, ""
    finally:
        run.end(outcome, details)


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
