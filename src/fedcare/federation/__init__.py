"""Everything that imports Flower: the apps, the grids they run on, its strategies."""

import os

# A hospital's software calls nobody: Flower reads these when it is first imported, which is below this line.
os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
os.environ.setdefault("FLWR_DISABLE_UPDATE_CHECK", "1")
