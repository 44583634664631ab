"""Whether a service of the containers is healthy; exit status 0 or 1. It runs inside them, where there is no curl."""

from __future__ import annotations

import socket
import sys
import urllib.request

SECONDS = 4


def main(kind: str, where: str) -> int:
    """``http ADDRESS`` answers with success; ``listening HOST:PORT`` takes a connection."""
    try:
        if kind == "http":
            with urllib.request.urlopen(where, timeout=SECONDS):  # noqa: S310  The address stands in compose.yaml.
                return 0
        host, _, port = where.rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS):
            return 0
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
