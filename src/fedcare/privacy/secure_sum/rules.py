"""What every institution insists on, whatever the coordinator says."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil

from fedcare.errors import SecureSumFailed


def threshold_of(share: float, members: int) -> int:
    """How many of an agreement's members must stay to the end of a sum: always more than half.

    With more than half, two different sets of survivors cannot both be signed by enough members, so the coordinator
    never gets both of one member's secrets (Bonawitz et al., CCS 2017, section 6.2). Where ``c`` members help it,
    that takes a threshold above (members + c) / 2.
    """
    return max(members // 2 + 1, ceil(share * members))


def require(names: Collection[str], own: str, least: int) -> None:
    """Raise SecureSumFailed unless there are at least so many different names, the own one among them."""
    if len(set(names)) != len(names):
        raise SecureSumFailed(reason="an institution is named twice")
    if own not in names:
        raise SecureSumFailed(reason="this institution is not among those that are added up")
    if len(names) < least:
        raise SecureSumFailed(reason=f"{len(names)} institutions where at least {least} must be added up")
