"""A database as the worker sees it, with a plan to make runs of."""

import pytest

from fedcare.aggregation.planning import plan_of
from fedcare.db.database import Database, Scope
from fedcare.db.runs import keep_plan, request_run
from fedcare.tasks.registry import get


@pytest.fixture
def database(gateway_login):
    """The pool."""
    pool = Database(gateway_login, pool_size=1)
    yield pool
    pool.close()


@pytest.fixture
def plan(database):
    """A plan that is kept."""
    made = plan_of(get("insurance-cost"), 42)
    with database.transaction(Scope.of(None)) as tx:
        keep_plan(tx, made)
    return made


@pytest.fixture
def run(database, plan):
    """A queued run."""
    with database.transaction(Scope.of(None)) as tx:
        return request_run(tx, plan)
