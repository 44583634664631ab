"""A bad line: two network devices joined by a process that delays and loses packets, where the kernel has no netem.

Frames of Ethernet go from one tap to the other: the TCP that is tried on it is the kernel's own on both sides, with all
its resending. Started by ``python -m benchmarks.lossy_link NEAR FAR``; lines on its standard input change it while it
runs: ``DELAY_SECONDS LOSS``.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUN, SET_INTERFACE, TAP, NO_HEADER = "/dev/net/tun", 0x400454CA, 0x0002, 0x1000
FRAME_BYTES = 65536


def tap(name: str) -> int:
    """A new tap device of this name, which lives as long as its descriptor."""
    device = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, SET_INTERFACE, struct.pack("16sH22x", name.encode(), TAP | NO_HEADER))
    return device


class Line:
    """Carries frames both ways; ``delay`` in seconds holds each way, ``loss`` is the share that vanishes."""

    def __init__(self, near: int, far: int, seed: int = 1) -> None:
        self._other = {near: far, far: near}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._random, self._count = random.Random(seed), 0
        self.delay, self.loss = 0.0, 0.0

    def run(self) -> None:
        """Until the standard input ends."""
        while True:
            ready, _, _ = select.select([*self._other, sys.stdin], [], [], self._pause())
            for source in ready:
                if source is sys.stdin:
                    if not self._change(sys.stdin.readline()):
                        return
                else:
                    self._take(source)
            self._deliver()

    def _pause(self) -> float:
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else 1.0

    def _change(self, line: str) -> bool:
        if line.strip():
            self.delay, self.loss = (float(word) for word in line.split())
        return bool(line)

    def _take(self, source: int) -> None:
        try:
            frame = os.read(source, FRAME_BYTES)
        except BlockingIOError:
            return
        if self._random.random() >= self.loss:
            self._count += 1
            heapq.heappush(self._waiting, (time.monotonic() + self.delay, self._count, self._other[source], frame))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, target, frame = heapq.heappop(self._waiting)
            try:
                os.write(target, frame)
            except OSError:  # A device that is down or full loses frames, as a line does.
                continue


if __name__ == "__main__":
    line = Line(tap(sys.argv[1]), tap(sys.argv[2]))
    print("ready", flush=True)
    line.run()
