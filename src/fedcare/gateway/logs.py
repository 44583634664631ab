"""Logs as JSON, one object a line on stderr, with nothing in them that a request brought but its id."""

from __future__ import annotations

import logging
import sys

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
