"""``python -m fedcare.federation.superlink``: the coordinator's door, as its supervisor starts it."""

from __future__ import annotations

import argparse
import logging
import socket
import sys

from fedcare.errors import FedCareError
from fedcare.federation.door.limits import Limits
from fedcare.federation.superlink.places import Address
from fedcare.federation.superlink.serve import Places, serve
from fedcare.settings import settings


def main() -> int:
    """Serve until told to stop; the exit code."""
    given = _arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    # Flower tells every request at INFO, and httpx those that the door makes itself.
    for name in ("flwr", "alembic", "httpx", "uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    where = Places(given.host, given.port, given.private_port, given.name or _own_names(given.host))
    try:
        serve(settings().home, where, Limits(patience=given.patience), _say)
    except FedCareError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fedcare.federation.superlink", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on")  # noqa: S104
    parser.add_argument("--port", type=int, default=8443, help="the port for nodes; 0 takes a free one")
    parser.add_argument("--private-port", type=int, default=0, help="the port on loopback; 0 takes a free one")
    parser.add_argument("--name", action="append", help="a name or address by which nodes reach it; may be repeated")
    parser.add_argument("--patience", type=float, default=Limits.patience, help="seconds to wait for a slow peer")
    return parser


def _own_names(host: str) -> list[str]:
    found = [] if host in ("", "0.0.0.0", "::") else [host]  # noqa: S104
    return list(dict.fromkeys([*found, "localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn()]))


def _say(address: Address) -> None:
    print(f"The door is open to nodes at {address.public}; control is at {address.private}.", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
