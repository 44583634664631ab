"""What a node frees, the machine gets back."""

import subprocess
import sys

import pytest

# In a process of its own, whose memory nothing else moves. Blocks under malloc's own threshold lie in its heap.
PROGRAM = """
from pathlib import Path
from fedcare.federation.node.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [b"x" * 100_000 for _ in range(2000)]
keeper = b"y" * 100_000
full = resident()
del blocks
give_back()
print(full - resident())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_memory_that_is_free_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=300)
    assert int(done.stdout) > 150_000_000
