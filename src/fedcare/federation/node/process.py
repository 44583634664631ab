"""The node as a process: the agent in the main thread, the sync thread beside it, and an orderly end."""

from __future__ import annotations

import logging
import signal
import sys
import threading

import structlog

from fedcare.federation.node.agent import Agent
from fedcare.federation.node.config import NodeConfig, NodeFolder
from fedcare.federation.node.released import TakeIn
from fedcare.federation.node.store import NodeStore
from fedcare.federation.node.sync import Sync


def serve(folder: NodeFolder, config: NodeConfig, store: NodeStore, take_in: TakeIn | None = None) -> None:
    """Run a node until SIGTERM or SIGINT; raises UnknownInstitution, NotEnrolled, BadNodeSettings at the start."""
    _quieten()
    agent = Agent(folder, config, store)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
    sync = Sync(folder, config, store, lambda: agent.state, take_in)
    sync.start()
    try:
        agent.run()
    finally:
        sync.stop()


def _quieten() -> None:
    """One line an event; libraries speak up only when something is wrong."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    for name in ("httpx", "httpcore", "flwr"):
        logging.getLogger(name).setLevel(logging.WARNING)
