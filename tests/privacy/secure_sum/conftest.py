"""Five institutions that add up."""

import pytest
from tests.privacy.secure_sum.consortium import Consortium


@pytest.fixture
def five() -> Consortium:
    return Consortium(["Aachen", "Bonn", "Celle", "Dresden", "Essen"])
