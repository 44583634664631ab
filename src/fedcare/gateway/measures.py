"""What Prometheus reads at ``/metrics``, of one process. No label holds anything of a patient."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("fedcare_requests", "Requests answered.", ["method", "operation", "status"])
ERRORS = Counter("fedcare_errors", "Requests answered with a 5xx.", ["operation"])
LATENCY = Histogram(
    "fedcare_request_seconds",
    "Time from a request's first byte to its answer's last.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
IN_FLIGHT = Gauge("fedcare_requests_in_flight", "Requests being answered.")
PREDICTIONS = Counter("fedcare_predictions", "Rows and images predicted.", ["task", "version"])
POOL_IN_USE = Gauge("fedcare_pool_in_use", "Database connections in use.")
POOL_SIZE = Gauge("fedcare_pool_size", "Database connections kept.")


# Looking a label up costs more than counting: the few combinations that occur are remembered.
@lru_cache(maxsize=1024)
def requests_of(method: str, operation: str, status: int) -> Counter:
    """The counter of such requests."""
    return REQUESTS.labels(method, operation, str(status))


@lru_cache(maxsize=256)
def latency_of(operation: str) -> Histogram:
    """The histogram of an operation's latency."""
    return LATENCY.labels(operation)
