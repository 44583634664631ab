"""Logs as JSON, one object a line on stderr, with nothing in them that a request brought but its id."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import structlog


def log_as_json() -> None:
    """Set up structlog, and silence uvicorn's access log, whose lines hold whole addresses."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("uvicorn.access").disabled = True


def log_request(request_id: str, method: str, operation: str, status: int, seconds: float) -> None:
    """One line a request, in the same shape; written by hand, since every request pays for it."""
    sys.stderr.write(
        f'{{"request_id": "{request_id}", "method": {json.dumps(method)}, "operation": "{operation}",'
        f' "status": {status}, "milliseconds": {seconds * 1000:.2f}, "event": "request", "level": "info",'
        f' "timestamp": "{datetime.now(UTC).isoformat()}"}}\n'
    )


def log_unexpected(error: Exception, request_id: str) -> None:
    """What failed and where: the type and the lines of code, never the text, which may quote a record."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    structlog.get_logger().error("unexpected", error=type(error).__name__, where=where, request_id=request_id)
