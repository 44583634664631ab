"""``python -m fedcare.federation.run RUN_ID``: what the worker starts for each attempt at a run."""

from __future__ import annotations

import logging
import sys

from fedcare.federation.run.place import RunPlace
from fedcare.settings import settings
from fedcare.trust.service_token import service_token

DONE, TRY_AGAIN = 0, 75


def main(run_id: str) -> int:
    """0 when the run is over and the gateway knows; 75 when another attempt may do better; the reason on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    for name in ("httpx", "flwr", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    place = RunPlace(settings().home, run_id)
    with place.owned() as ours:
        if not ours:
            return _again("another process owns the run")
        return _carry_on(place)


def _carry_on(place: RunPlace) -> int:
    from fedcare.federation.run.runner import PASSING, Attempt
    from fedcare.federation.run.telling import Teller

    machine = settings()
    teller = Teller(machine.gateway_url, service_token(machine.home))
    try:
        result = Attempt(machine.home, place, teller).carry_on()
        logging.getLogger(__name__).info("the run is %s: %s", result["status"], result.get("reason", ""))
        teller.finish()
    except PASSING as error:
        return _again(str(error))
    except KeyboardInterrupt:
        return _again("it was interrupted")
    finally:
        teller.close()
    return DONE


def _again(reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201
    return TRY_AGAIN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
