"""The deployment's files, read once."""

import pytest
import yaml
from tests.deploy.reading import DEPLOY


@pytest.fixture(scope="session")
def compose() -> dict:
    """The file as it is written, merges done, variables not yet replaced."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def services(compose) -> dict:
    return compose["services"]
