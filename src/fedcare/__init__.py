"""FedCare: hospitals train one model together without moving a patient record."""

import os

# torch's threads spin while they wait for one another. Where anything else runs on the machine, a spinning thread takes
# the core of the one it waits for, and a step takes several times as long; sleeping costs next to nothing. The thread
# library reads this when torch is first imported, which is below this line.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
